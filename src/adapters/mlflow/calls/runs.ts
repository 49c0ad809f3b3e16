import type { TrackingService } from '#lifecycle/tracking/index'
import { call, nothing, type MlflowCall } from '../call.ts'
import { runDocument, runInfo } from '../documents.ts'
import { keyValue, textMap } from '../key-value.ts'
import { integer, list, message, oneOf, text } from '../message.ts'
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
        experiment_id: text,
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
          ...(experiment_id === undefined || experiment_id === '' ? {} : { experimentId: experiment_id }),
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
  ]
}
