import type { ModelFormat } from '#lifecycle/tracking/contract'
import type { Frame } from '#platform/tables/frame'

/** A model as it will be served: its files, and the columns that it takes. */
export interface ScorableModel {
  /** Names it in errors, such as `trees` or `flight-delays v3`. */
  readonly label: string
  readonly inputs: readonly { readonly name: string; readonly type: string; readonly required: boolean }[]
  readonly outputs: readonly { readonly name: string; readonly type: string }[]
  /** Undefined: `model.onnx`, on raw columns. */
  readonly format?: ModelFormat | undefined
  readonly paths: readonly string[]
  /** The content of one file, checked against its digest. */
  read(path: string): Promise<Uint8Array>
}

/**
 * Extension point: scores rows with the very runtime that will answer in production, so that what is measured is what is
 * served. Answers one score a row: the probability of the positive class, or the predicted number.
 */
export interface ModelScorer {
  score(model: ScorableModel, frame: Frame): Promise<Float64Array>
}
