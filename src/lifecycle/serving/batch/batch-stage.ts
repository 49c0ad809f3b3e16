import { routesOf } from '#platform/dispatch'
import type { Stage } from '#platform/platform'
import { batchCalls } from './batch-calls.ts'
import { batchHandlers } from './batch-handlers.ts'
import { createBatchService, type BatchDependencies, type BatchService } from './batch-service.ts'

export function createBatchStage(dependencies: BatchDependencies): { stage: Stage; service: BatchService } {
  const service = createBatchService(dependencies)
  return {
    service,
    stage: {
      name: 'batch',
      routes: routesOf('batch', batchCalls, batchHandlers(service)),
      jobKinds: [service.job],
    },
  }
}
