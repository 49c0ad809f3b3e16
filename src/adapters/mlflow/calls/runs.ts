import { fail } from '#contract/errors'
import type { TrackingService } from '#lifecycle/tracking/index'
import { call, nothing, type MlflowCall } from '../call.ts'
import { runDocument, runInfo } from '../documents.ts'
import { keyValue, textMap } from '../key-value.ts'
import { integer, list, message, oneOf, required, text } from '../message.ts'
import { runId, runIdOf } from '../run-id.ts'

const runStatus = oneOf({ RUNNING: 1, SCHEDULED: 2, FINISHED: 3, FAILED: 4, KILLED: 5 })

export function runCalls(tracking: TrackingService): MlflowCall[] {
  const byId = message(runId)
  return [
    call({
      methods: ['POST'],
      path: 'runs/create',
      permission: 'write',
      request: message({
        experiment_id: required(text),
        user_id: text,
        start_time: integer,
        tags: list(keyValue),
        run_name: text,
      }),
      answer: async ({ experiment_id, user_id, start_time, tags, run_name }, { caller }) => {
        const run = await tracking.createRun({
          caller,
          tags: textMap(tags),
          startedAt: start_time ?? null,
          experimentId: experiment_id,
          ...(user_id === undefined || user_id === '' ? {} : { user: user_id }),
          ...(run_name === undefined ? {} : { name: run_name }),
        })
        return { run: runDocument(run) }
      },
    }),
    call({
      methods: ['GET'],
      path: 'runs/get',
      permission: 'read',
      request: byId,
      answer: async (request) => ({ run: runDocument(await tracking.getRun(runIdOf(request))) }),
    }),
    call({
      methods: ['POST'],
      path: 'runs/update',
      permission: 'write',
      request: message({ ...runId, status: runStatus, end_time: integer, run_name: text }),
      answer: async ({ status, end_time, run_name, ...request }, { caller }) => {
        const run = await tracking.updateRun({
          runId: runIdOf(request),
          caller,
          ...(status === undefined ? {} : { status }),
          ...(end_time === undefined ? {} : { endedAt: end_time }),
          ...(run_name === undefined ? {} : { name: run_name }),
        })
        return { run_info: runInfo(run) }
      },
    }),
    call({
      methods: ['POST'],
      path: 'runs/delete',
      permission: 'write',
      request: byId,
      answer: async (request) => {
        await tracking.deleteRun(runIdOf(request))
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'runs/restore',
      permission: 'write',
      request: byId,
      answer: async (request) => {
        await tracking.restoreRun(runIdOf(request))
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'runs/log-model',
      permission: 'write',
      request: message({ ...runId, model_json: required(text) }),
      answer: async ({ model_json, ...request }) => {
        const id = runIdOf(request)
        const { tags } = await tracking.getRun(id)
        await tracking.setTag(id, modelHistoryTag, withModel(tags[modelHistoryTag], modelOf(model_json)))
        return nothing
      },
    }),
  ]
}

/** Where clients before 3.0 keep which models a run logged: a JSON list of what their MLmodel files say. */
const modelHistoryTag = 'mlflow.log-model.history'

/** A tag may be this long; beyond it the text would be cut, and no JSON any more. */
const longestTag = 8000

const neededOfModel = ['artifact_path', 'flavors', 'utc_time_created', 'run_id'] as const

function modelOf(json: string): object {
  const model = jsonOf(json)
  if (typeof model !== 'object' || model === null || Array.isArray(model)) {
    return fail('invalid_input', 'Malformed model info: `model_json` is not a JSON object.', {
      at: 'model_json',
    })
  }
  const missing = neededOfModel.filter((name) => !(name in model))
  if (missing.length === 0) return model
  return fail('invalid_input', `Model json is missing mandatory fields: ${missing.join(', ')}`, {
    at: 'model_json',
  })
}

/** The newest at the end; the oldest go when there is no room for them. */
function withModel(history: string | undefined, model: object): string {
  const known = jsonOf(history ?? '[]')
  const models: unknown[] = [...(Array.isArray(known) ? (known as unknown[]) : []), model]
  while (models.length > 1 && JSON.stringify(models).length > longestTag) models.shift()
  return JSON.stringify(models)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
