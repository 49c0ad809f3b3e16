import type {
  CodeVersion,
  Failure,
  Parameters,
  RunState,
  StepInputRecord,
  StepOutput,
  StepState,
  Trigger,
} from './contract.ts'
import type { CacheParts } from './cache-key.ts'
import type { PipelineDefinition } from './definition.ts'
import type { ExecutorHandle } from './executor-point.ts'

/** Which steps a run may leave out or must not take from the cache. */
export interface Selection {
  readonly force: boolean | readonly string[]
  readonly only: readonly string[]
  readonly from?: string | undefined
}

export interface PinnedDataset {
  readonly name: string
  readonly version: number
  readonly digest: string
}

export interface PipelineRun {
  readonly id: string
  readonly pipeline: string
  readonly state: RunState
  readonly actor: string
  readonly trigger: Trigger
  readonly parameters: Parameters
  readonly selection: Selection
  readonly definition: PipelineDefinition
  readonly datasets: Readonly<Record<string, PinnedDataset>>
  readonly code: CodeVersion | undefined
  readonly failure: Failure | undefined
  readonly cancelledBy: string | undefined
  readonly announced: boolean
  readonly createdAt: number
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
}

export interface StepRun {
  readonly id: string
  readonly runId: string
  readonly pipeline: string
  readonly step: string
  readonly kind: string
  readonly position: number
  readonly state: StepState
  readonly attempt: number
  readonly cacheKey: string | undefined
  readonly cacheParts: CacheParts | undefined
  readonly reasons: readonly string[]
  readonly inputs: readonly StepInputRecord[]
  readonly outputs: readonly StepOutput[]
  readonly cachedFrom: string | undefined
  readonly failure: Failure | undefined
  readonly handle: ExecutorHandle | undefined
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
}

export function isFinished(state: RunState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled'
}

export function isStepFinished(state: StepState): boolean {
  return state !== 'pending' && state !== 'running'
}

export function isStepDone(state: StepState): boolean {
  return state === 'succeeded' || state === 'cached'
}
