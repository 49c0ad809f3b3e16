import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { CallContext, Endpoint } from '#contract/endpoint'
import { toProblem } from '#contract/errors'
import type { Dispatch, Route } from '#platform/dispatch'
import type { Door, DoorAnswer, DoorRequest } from '#platform/door'
import type { Log } from '#platform/log'
import { isRawJson, type Json, type MlflowCall, type RawJson } from './call.ts'
import { describeFault, errorAnswer, unknownRoute } from './error-answer.ts'
import { requestFields } from './request-fields.ts'
import { createRouter } from './router.ts'

/** What answers paths that carry bytes instead of JSON: artifacts. Undefined: not one of its paths. */
export type ByteRoutes = (request: DoorRequest) => Promise<DoorAnswer | undefined>

export interface MlflowDoorDependencies {
  readonly calls: readonly MlflowCall[]
  readonly bytes: readonly ByteRoutes[]
  readonly dispatch: Dispatch
  readonly log: Log
  /** What `GET /version` answers: the version of MLflow whose protocol this is. */
  readonly version: string
}

/** Clients use the first, MLflow's own page the second; a deployment may use either. */
const apiPrefix = /^\/(?:ajax-)?api\/[23]\.0\/mlflow\//
const mlflowPath = /^\/(?:(?:ajax-)?api\/[23]\.0\/|get-artifact$|model-versions\/get-artifact$|version$)/

const jsonHeaders = { 'content-type': 'application/json' }

/** MLflow's wire protocol, spoken over the tracking and the registry stage. */
export function createMlflowDoor(dependencies: MlflowDoorDependencies): Door {
  const { calls, bytes, dispatch, log, version } = dependencies
  const find = createRouter(calls.map((call) => ({ ...call, route: routeOf(call) })))

  const answerCall = async (request: DoorRequest): Promise<DoorAnswer> => {
    const path = request.path.replace(apiPrefix, '')
    const found = path === request.path ? undefined : find(request.method, path)
    if (found === undefined) return unknownRoute(request.method, request.path)
    const { call, parts } = found
    const fields = await requestFields(request, { message: call.request, path: parts })
    const answer = (await dispatch(call.route, fields, {
      caller: request.caller(),
      requestId: randomUUID(),
      signal: request.signal,
    })) as Json | RawJson
    return {
      status: 200,
      headers: jsonHeaders,
      body: isRawJson(answer) ? answer.json : JSON.stringify(answer),
    }
  }

  const answer = async (request: DoorRequest): Promise<DoorAnswer> => {
    if (request.path === '/version')
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: version }
    for (const answerBytes of bytes) {
      const answered = await answerBytes(request)
      if (answered !== undefined) return answered
    }
    return answerCall(request)
  }

  return {
    name: 'mlflow',
    opens: (path) => mlflowPath.test(path),
    answer: async (request) => {
      try {
        return await answer(request)
      } catch (error) {
        // That a client went away in the middle of its request is no fault.
        if (toProblem(error).code === 'internal' && !request.signal.aborted) {
          log.error({ path: request.path, ...describeFault(error) }, 'request failed')
        }
        return errorAnswer(error)
      }
    },
  }
}

/** The call as the dispatcher takes it. Its message reads the fields inside the handler, so that refusals are audited. */
function routeOf(call: MlflowCall): Route {
  const endpoint: Endpoint = {
    method: call.methods[0] ?? 'POST',
    path: `/api/2.0/mlflow/${call.path}`,
    summary: call.path,
    permission: call.permission,
    ...(call.audit === undefined ? {} : { audit: call.audit }),
    input: z.any(),
    output: z.any(),
  }
  return {
    name: `mlflow.${call.path}`,
    endpoint,
    handler: async (fields: unknown, context: CallContext) =>
      call.answer((call.request.read(fields, '') ?? {}) as never, context),
  }
}
