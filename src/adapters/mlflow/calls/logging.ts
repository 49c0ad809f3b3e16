import type { KeyValue, NewMetric, TrackingService } from '#lifecycle/tracking/index'
import { reservedTags } from '#lifecycle/tracking/index'
import { call, nothing, type MlflowCall } from '../call.ts'
import { keyValue, textMap } from '../key-value.ts'
import { double, integer, list, message, required, text, type Field, type MessageOf } from '../message.ts'
import { runId, runIdOf } from '../run-id.ts'

const metricFields = {
  key: required(text),
  value: required(double),
  timestamp: required(integer),
  step: integer,
  model_id: text,
  dataset_name: text,
  dataset_digest: text,
}
const metricMessage = message(metricFields)

/**
 * A metric as it is logged. Most are plain numbers under a name: those are taken at once, as a batch has a thousand; all
 * else, and all that is wrong, goes through the message.
 */
const metric: Field<NewMetric> = {
  read: (value, path) => {
    const given = value as Partial<Record<keyof typeof metricFields, unknown>> | null | undefined
    if (typeof given === 'object' && given !== null) {
      const { key, value: number, timestamp, step = 0 } = given
      if (
        typeof key === 'string' &&
        key !== '' &&
        typeof number === 'number' &&
        Number.isSafeInteger(timestamp) &&
        Number.isSafeInteger(step) &&
        given.model_id === undefined &&
        given.dataset_name === undefined
      ) {
        return { key, value: number, timestamp: timestamp as number, step: step as number }
      }
    }
    const read = metricMessage.read(value, path)
    return read === undefined ? undefined : newMetric(read)
  },
}

function newMetric(read: MessageOf<typeof metricFields>): NewMetric {
  const { key, value, timestamp, step = 0, model_id, dataset_name, dataset_digest } = read
  return {
    key,
    value,
    timestamp,
    step,
    ...(model_id === undefined || model_id === '' ? {} : { modelId: model_id }),
    ...(dataset_name === undefined ? {} : { datasetName: dataset_name }),
    ...(dataset_digest === undefined ? {} : { datasetDigest: dataset_digest }),
  }
}

const dataset = message({
  name: required(text),
  digest: required(text),
  source_type: required(text),
  source: required(text),
  schema: text,
  profile: text,
})

/** What is logged to a run. None of it is audited besides: there are thousands a second, and the run has them. */
export function loggingCalls(tracking: TrackingService): MlflowCall[] {
  const logs = { methods: ['POST'], permission: 'write', audit: 'none' } as const
  return [
    call({
      ...logs,
      path: 'runs/log-batch',
      request: message({ ...runId, metrics: list(metric), params: list(keyValue), tags: list(keyValue) }),
      answer: async ({ metrics = [], params = [], tags = [], ...request }) => {
        await tracking.logBatch({
          runId: runIdOf(request),
          metrics,
          params: params.map(pairOf),
          tags: tags.map(pairOf),
        })
        return nothing
      },
    }),
    call({
      ...logs,
      path: 'runs/log-metric',
      request: message({ ...runId, ...metricFields }),
      answer: async (request) => {
        await tracking.logMetric(runIdOf(request), newMetric(request))
        return nothing
      },
    }),
    call({
      ...logs,
      path: 'runs/log-parameter',
      request: message({ ...runId, key: required(text), value: text }),
      answer: async (request) => {
        await tracking.logParam(runIdOf(request), pairOf(request))
        return nothing
      },
    }),
    call({
      ...logs,
      path: 'runs/set-tag',
      request: message({ ...runId, key: required(text), value: text }),
      answer: async (request) => {
        await tracking.setTag(runIdOf(request), request.key, request.value ?? '')
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'runs/delete-tag',
      permission: 'write',
      request: message({ ...runId, key: required(text) }),
      answer: async (request) => {
        await tracking.deleteTag(runIdOf(request), request.key)
        return nothing
      },
    }),
    call({
      ...logs,
      path: 'runs/log-inputs',
      request: message({
        ...runId,
        datasets: list(message({ dataset: required(dataset), tags: list(keyValue) })),
        models: list(message({ model_id: required(text) })),
      }),
      answer: async ({ datasets = [], models = [], ...request }) => {
        const id = runIdOf(request)
        if (datasets.length > 0) {
          await tracking.logInputs(
            id,
            datasets.map(({ dataset: { source_type, schema, profile, ...named }, tags }) => {
              const { [reservedTags.dataContext]: context, ...others } = textMap(tags)
              return {
                ...named,
                sourceType: source_type,
                tags: others,
                ...(schema === undefined ? {} : { schema }),
                ...(profile === undefined ? {} : { profile }),
                ...(context === undefined ? {} : { context }),
              }
            }),
          )
        }
        await tracking.logInputModels(
          id,
          models.map(({ model_id }) => model_id),
        )
        return nothing
      },
    }),
    call({
      ...logs,
      path: 'runs/outputs',
      request: message({
        ...runId,
        models: required(list(message({ model_id: required(text), step: integer }))),
      }),
      answer: async ({ models, ...request }) => {
        await tracking.logOutputs(
          runIdOf(request),
          models.map(({ model_id, step = 0 }) => ({ modelId: model_id, step })),
        )
        return nothing
      },
    }),
  ]
}

function pairOf({
  key,
  value = '',
}: {
  readonly key: string
  readonly value?: string | undefined
}): KeyValue {
  return { key, value }
}
