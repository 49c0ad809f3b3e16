import { availableParallelism } from 'node:os'
import type { Platform, Stage } from '#platform/platform'
import { createCoreBudget } from './core-budget.ts'
import type { DatasetPoint } from './dataset-point.ts'
import type { Executor } from './executor-point.ts'
import { pipelineRoutes } from './handlers.ts'
import { createLiveRuns } from './live-runs.ts'
import type { PipelineProject } from './pipeline-project.ts'
import { createRunQueue } from './run-queue.ts'
import type { RunTools } from './run-tools.ts'
import { createPipelinesService, type PipelinesService } from './service.ts'
import { startOnArrival } from './start-on-arrival.ts'
import { createSourceDigests } from './source-digest.ts'
import type { StepKind } from './step-kind-point.ts'
import { createRunStep } from './step-kinds/run-step.ts'
import { sqlStep } from './step-kinds/sql-step.ts'
import { heldDigests } from './held-digests.ts'
import { createPipelineStore } from './store.ts'

export type { PipelineRunDetail } from './contract.ts'
export type { DatasetPoint } from './dataset-point.ts'
export type { Executor, ExecutorHandle, ExecutorResult, ExecutorTask } from './executor-point.ts'
export type { PipelineProject } from './pipeline-project.ts'
export { createPipelinesSection } from './section.ts'
export type { PipelinesService, StartRequest } from './service.ts'
export type { StepContext, StepForm, StepInput, StepKind } from './step-kind-point.ts'
export { createPublishStep, publishForm, type Publication } from './step-kinds/publish-step.ts'
export { runForm } from './step-kinds/run-step.ts'
export { sqlForm } from './step-kinds/sql-step.ts'
export { pipelineMigrations } from './tables.ts'

export interface PipelinesStageOptions {
  readonly platform: Platform
  /** The project as it stands now; read again for every run. */
  readonly project: () => Promise<PipelineProject>
  readonly datasets: DatasetPoint
  /** Runs the commands of `run` steps. */
  readonly executor: Executor
  /** The kinds of later stages; `sql` and `run` are here already. */
  readonly kinds: readonly StepKind[]
  /** Where MLflow clients of a step log to, once a server listens. */
  readonly trackingUri?: () => string | undefined
  readonly cores?: number
}

/**
 * Start the platform's jobs after the stages are made, then call `service.recover()`: it gives runs that a crash left
 * without a job a new one.
 */
export { datasetsNamedByRuns } from './named-datasets.ts'

export function createPipelinesStage(options: PipelinesStageOptions): {
  service: PipelinesService
  stage: Stage
} {
  const { platform, executor } = options
  const store = createPipelineStore(platform.database)
  const digests = createSourceDigests(store)
  const runStep = createRunStep({ executor, digests, trackingUri: options.trackingUri ?? (() => undefined) })
  const tools: RunTools = {
    platform,
    store,
    digests,
    executor,
    blobs: platform.blobs,
    datasets: options.datasets,
    project: options.project,
    kinds: [sqlStep, runStep, ...options.kinds],
    // Two at least: steps that wait for something else than the processor should not wait for each other.
    budget: createCoreBudget(Math.max(2, options.cores ?? availableParallelism())),
    live: createLiveRuns(),
  }
  const queue = createRunQueue(tools, platform.jobs)
  const service = createPipelinesService(tools, queue)
  return {
    service,
    stage: {
      name: 'pipelines',
      routes: pipelineRoutes({ service, tools }),
      jobKinds: [queue.jobKind],
      subscriptions: [startOnArrival({ ...options, service, log: platform.log })],
      heldDigests: () => heldDigests(platform),
    },
  }
}
