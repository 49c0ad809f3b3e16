import { DevmlopsError, fail } from '#contract/errors'
import type { DatasetInput } from '#lifecycle/tracking/index'
import { loggedModelStatusOf } from './logged-model-status.ts'
import { restFiles } from './rest-files.ts'
import { runStatusOf } from './run-status.ts'
import type {
  MlflowSource,
  SourceExperiment,
  SourceLoggedModel,
  SourcePoint,
  SourceRegisteredModel,
  SourceRun,
  SourceVersion,
} from './source.ts'
import type { JsonObject, TrackingClient } from './tracking-client.ts'

const pageSize = 500
const historyPage = 25_000
const isPrompt = "tags.`mlflow.prompt.is_prompt` = 'true'"
/** A run without metrics of thousands of names is asked for them a few at a time. */
const historiesAtOnce = 4

/** A tracking server: MLflow's or ours. */
export async function openRestStore(client: TrackingClient): Promise<MlflowSource> {
  await checkAnswers(client)
  const latest = new Map<string, readonly string[]>()

  return {
    description: `MLflow server ${client.url}`,
    experiments: async function* () {
      const search = { view_type: 'ALL', order_by: ['experiment_id ASC'] }
      for await (const item of pages(client, 'experiments/search', { body: search, list: 'experiments' }))
        yield toExperiment(item)
    },
    runs: async function* (experimentId) {
      const body = {
        experiment_ids: [experimentId],
        run_view_type: 'ALL',
        // Runs that begin meanwhile come last, and move no page.
        order_by: ['attributes.start_time ASC'],
      }
      for await (const batch of batches(client, 'runs/search', { body, list: 'runs' })) {
        const runs = batch.map((item) => toRun(item, latest))
        yield runs
        for (const { id } of runs) latest.delete(id)
      }
    },
    points: (runs) => readPoints(client, runs, latest),
    loggedModels: async function* (experimentId) {
      const body = { experiment_ids: [experimentId] }
      try {
        for await (const batch of batches(client, 'logged-models/search', { body, list: 'models', size: 50 }))
          yield batch.map(toLoggedModel)
      } catch (error) {
        // Servers before MLflow 3 have none.
        if (!(error instanceof DevmlopsError) || error.code !== 'not_found') throw error
      }
    },
    registeredModels: async function* () {
      for (const filter of [undefined, isPrompt]) {
        const query = { filter, order_by: 'name ASC' }
        for await (const item of pages(client, 'registered-models/search', {
          query,
          list: 'registered_models',
        })) {
          // A server that does not know prompts answers them in both.
          const model = await toRegisteredModel(client, item)
          if ((model.tags['mlflow.prompt.is_prompt'] === 'true') === (filter !== undefined)) yield model
        }
      }
    },
    versions: async function* (model) {
      const quote = model.includes("'") ? '"' : "'"
      const name = `name = ${quote}${model}${quote}`
      const found: SourceVersion[] = []
      for (const filter of [name, `${name} and ${isPrompt}`]) {
        const query = { filter, order_by: 'version_number ASC' }
        for await (const item of pages(client, 'model-versions/search', { query, list: 'model_versions' })) {
          const version = toVersion(model, item)
          if (!found.some((known) => known.version === version.version)) found.push(version)
        }
      }
      found.sort((left, right) => left.version - right.version)
      if (found.length > 0) yield found
    },
    files: (place) => restFiles(client, place),
    leftBehind: async () => [],
    close: async () => undefined,
  }
}

async function checkAnswers(client: TrackingClient): Promise<void> {
  try {
    const answer = await client.post('experiments/search', { max_results: 1 })
    if (Array.isArray(answer['experiments']) || Object.keys(answer).length === 0) return
  } catch (error) {
    if (!(error instanceof DevmlopsError) || error.code !== 'not_found') throw error
  }
  fail('server_unreachable', `What answers at ${client.url} is no MLflow server.`, {
    hint: 'Check the URL: it is the one of MLFLOW_TRACKING_URI.',
  })
}

interface Listing {
  readonly list: string
  /** Asked by POST when there is a body, by GET otherwise. */
  readonly body?: JsonObject
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly size?: number
}

async function* batches(
  client: TrackingClient,
  path: string,
  { list, body, query, size = pageSize }: Listing,
): AsyncIterable<JsonObject[]> {
  let token: string | undefined
  do {
    const answer =
      body === undefined
        ? await client.get(path, { ...query, max_results: String(size), page_token: token })
        : await client.post(path, {
            ...body,
            max_results: size,
            ...(token === undefined ? {} : { page_token: token }),
          })
    const items = objects(answer[list])
    if (items.length > 0) yield items
    token = optionalText(answer, 'next_page_token')
    // An empty page with a token would go on for ever.
    if (items.length === 0) return
  } while (token !== undefined)
}

async function* pages(client: TrackingClient, path: string, listing: Listing): AsyncIterable<JsonObject> {
  for await (const batch of batches(client, path, listing)) yield* batch
}

async function* readPoints(
  client: TrackingClient,
  runs: readonly SourceRun[],
  latest: ReadonlyMap<string, readonly string[]>,
): AsyncIterable<SourcePoint[]> {
  const wanted = runs.flatMap(({ id }) => (latest.get(id) ?? []).map((key) => ({ id, key })))
  for (let start = 0; start < wanted.length; start += historiesAtOnce) {
    const firsts = await Promise.all(
      wanted.slice(start, start + historiesAtOnce).map(async (metric) => ({
        ...metric,
        page: await historyOf(client, metric, undefined),
      })),
    )
    for (const { id, key, page } of firsts) {
      let current = page
      for (;;) {
        const points = objects(current['metrics']).map((metric) => ({ runId: id, key, ...toPoint(metric) }))
        if (points.length > 0) yield points
        const token = optionalText(current, 'next_page_token')
        if (token === undefined || points.length === 0) break
        current = await historyOf(client, { id, key }, token)
      }
    }
  }
}

function historyOf(
  client: TrackingClient,
  { id, key }: { readonly id: string; readonly key: string },
  token: string | undefined,
): Promise<JsonObject> {
  return client.get('metrics/get-history', {
    run_id: id,
    metric_key: key,
    max_results: String(historyPage),
    page_token: token,
  })
}

function toExperiment(item: JsonObject): SourceExperiment {
  return {
    id: text(item, 'experiment_id'),
    name: text(item, 'name'),
    lifecycleStage: item['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
    createdAt: optionalNumber(item, 'creation_time'),
    updatedAt: optionalNumber(item, 'last_update_time'),
    tags: texts(item['tags']),
  }
}

function toRun(item: JsonObject, latest: Map<string, readonly string[]>): SourceRun {
  const info = object(item['info'])
  const data = object(item['data'])
  const inputs = object(item['inputs'])
  const outputs = object(item['outputs'])
  const id = text(info, 'run_id')
  const metrics = objects(data['metrics'])
  latest.set(
    id,
    metrics.map((metric) => text(metric, 'key')),
  )
  return {
    id,
    experimentId: text(info, 'experiment_id'),
    name: text(info, 'run_name'),
    user: text(info, 'user_id'),
    status: runStatusOf(optionalText(info, 'status')),
    startedAt: optionalNumber(info, 'start_time'),
    endedAt: optionalNumber(info, 'end_time'),
    lifecycleStage: info['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
    deletedAt: undefined,
    artifactUri: text(info, 'artifact_uri'),
    params: texts(data['params']),
    tags: texts(data['tags']),
    datasets: objects(inputs['dataset_inputs']).map(toDataset),
    inputModels: objects(inputs['model_inputs']).map((model) => text(model, 'model_id')),
    outputModels: objects(outputs['model_outputs']).map((model) => ({
      modelId: text(model, 'model_id'),
      step: optionalNumber(model, 'step') ?? 0,
    })),
    pointsMark: JSON.stringify(metrics),
  }
}

function toDataset(item: JsonObject): DatasetInput {
  const dataset = object(item['dataset'])
  const { 'mlflow.data.context': context, ...tags } = texts(item['tags'])
  const [schema, profile] = [optionalText(dataset, 'schema'), optionalText(dataset, 'profile')]
  return {
    name: text(dataset, 'name'),
    digest: text(dataset, 'digest'),
    sourceType: text(dataset, 'source_type'),
    source: text(dataset, 'source'),
    ...(schema === undefined ? {} : { schema }),
    ...(profile === undefined ? {} : { profile }),
    ...(context === undefined ? {} : { context }),
    tags,
  }
}

function toPoint(metric: JsonObject): { value: number; timestamp: number; step: number } {
  return {
    value: Number(metric['value'] ?? 0),
    timestamp: optionalNumber(metric, 'timestamp') ?? 0,
    step: optionalNumber(metric, 'step') ?? 0,
  }
}

function toLoggedModel(item: JsonObject): SourceLoggedModel {
  const info = object(item['info'])
  const data = object(item['data'])
  const createdAt = optionalNumber(info, 'creation_timestamp_ms') ?? 0
  return {
    id: text(info, 'model_id'),
    experimentId: text(info, 'experiment_id'),
    name: text(info, 'name'),
    modelType: optionalText(info, 'model_type') || undefined,
    status: loggedModelStatusOf(text(info, 'status')),
    statusMessage: optionalText(info, 'status_message'),
    sourceRunId: optionalText(info, 'source_run_id') || undefined,
    createdAt,
    updatedAt: optionalNumber(info, 'last_updated_timestamp_ms') ?? createdAt,
    deleted: false,
    artifactUri: text(info, 'artifact_uri'),
    params: texts(data['params']),
    tags: texts(info['tags']),
    metrics: objects(data['metrics']).map((metric) => {
      const [datasetName, datasetDigest] = [
        optionalText(metric, 'dataset_name'),
        optionalText(metric, 'dataset_digest'),
      ]
      return {
        key: text(metric, 'key'),
        ...toPoint(metric),
        runId: text(metric, 'run_id'),
        ...(datasetName === undefined ? {} : { datasetName }),
        ...(datasetDigest === undefined ? {} : { datasetDigest }),
      }
    }),
  }
}

async function toRegisteredModel(client: TrackingClient, found: JsonObject): Promise<SourceRegisteredModel> {
  // A search does not answer aliases on every server.
  const name = text(found, 'name')
  const item = object((await client.get('registered-models/get', { name }))['registered_model'])
  const createdAt = optionalNumber(item, 'creation_timestamp') ?? 0
  return {
    name,
    description: optionalText(item, 'description') ?? '',
    createdAt,
    updatedAt: optionalNumber(item, 'last_updated_timestamp') ?? createdAt,
    tags: texts(item['tags']),
    aliases: Object.fromEntries(
      objects(item['aliases']).map((alias) => [text(alias, 'alias'), Number(alias['version'])]),
    ),
  }
}

function toVersion(model: string, item: JsonObject): SourceVersion {
  const createdAt = optionalNumber(item, 'creation_timestamp') ?? 0
  const source = optionalText(item, 'source') ?? ''
  return {
    model,
    version: Number(item['version']),
    description: optionalText(item, 'description') ?? '',
    createdAt,
    updatedAt: optionalNumber(item, 'last_updated_timestamp') ?? createdAt,
    user: optionalText(item, 'user_id') || undefined,
    stage: optionalText(item, 'current_stage') ?? 'None',
    source,
    storageLocation: undefined,
    runId: optionalText(item, 'run_id') || undefined,
    modelId: (optionalText(item, 'model_id') || undefined) ?? /^models:\/(m-[0-9a-f]{32})$/.exec(source)?.[1],
    runLink: optionalText(item, 'run_link') || undefined,
    status: optionalText(item, 'status') ?? 'READY',
    statusMessage: optionalText(item, 'status_message') || undefined,
    tags: texts(item['tags']),
  }
}

function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {}
}

function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(object) : []
}

function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(objects(value).map((pair) => [text(pair, 'key'), text(pair, 'value')]))
}

function optionalText(item: JsonObject, field: string): string | undefined {
  const value = item[field]
  return typeof value === 'string' ? value : undefined
}

function text(item: JsonObject, field: string): string {
  const value = item[field]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function optionalNumber(item: JsonObject, field: string): number | undefined {
  const value = item[field]
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : undefined
}
