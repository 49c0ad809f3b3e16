import type { ErrorCode } from '#contract/errors'
import type { RowBatch, ScoredRows } from '#lifecycle/serving/model-runtime-point'
import type { ScorerSource } from './session-scorer.ts'

export type WorkerRequest =
  | { readonly kind: 'load'; readonly model: number; readonly source: ScorerSource }
  | { readonly kind: 'score'; readonly model: number; readonly batch: RowBatch }
  | { readonly kind: 'release'; readonly model: number }

export type WorkerCall = WorkerRequest & { readonly id: number }

export interface WorkerAnswer {
  readonly id: number
  readonly scored?: ScoredRows | undefined
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined }
}
