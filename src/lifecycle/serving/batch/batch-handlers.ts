import type { Handlers } from '#contract/endpoint'
import type { batchCalls } from './batch-calls.ts'
import type { BatchService } from './batch-service.ts'

export function batchHandlers(service: BatchService): Handlers<typeof batchCalls> {
  return {
    startBatch: ({ name, settings }, { caller }) => service.start(name, settings, caller),
    batchRuns: async (filter) => ({ items: await service.list(filter) }),
    batchRun: ({ id }) => service.get(id),
    cancelBatch: ({ id }) => service.cancel(id),
  }
}
