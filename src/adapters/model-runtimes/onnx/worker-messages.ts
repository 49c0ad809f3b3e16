import type { ErrorCode } from '#contract/errors'
import type { RowBatch, ScoredRows } from '#lifecycle/serving/model-runtime-point'
import type { ParsedModel } from '../compiled/index.ts'
import type { OpenedModel, ScorerSource } from './open-model.ts'
import type { ScorerChoice } from './scorer-choice.ts'

export type WorkerRequest =
  | { readonly kind: 'load'; readonly model: number; readonly source: ScorerSource }
  | { readonly kind: 'choose'; readonly model: number; readonly source: ScorerSource }
  | { readonly kind: 'compile'; readonly model: number; readonly parsed: ParsedModel }
  | { readonly kind: 'score'; readonly model: number; readonly batch: RowBatch }
  | { readonly kind: 'release'; readonly model: number }

/** What each kind of request is answered with. */
export interface WorkerAnswers {
  readonly load: OpenedModel
  readonly choose: ScorerChoice
  readonly compile: undefined
  readonly score: ScoredRows
  readonly release: undefined
}

export type WorkerCall = WorkerRequest & { readonly id: number }

export interface WorkerAnswer {
  readonly id: number
  readonly result?: WorkerAnswers[keyof WorkerAnswers]
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined }
}

export interface ScoringThreadOptions {
  /** Steps back behind whoever answers requests. */
  readonly background: boolean
}
