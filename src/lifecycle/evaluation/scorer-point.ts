import type { Frame } from '#platform/tables/frame'

/** A model as it will be served: the graph on raw columns and the columns that it takes. */
export interface ScorableModel {
  /** Names it in errors, such as `trees` or `flight-delays v3`. */
  readonly label: string
  readonly onnx: Uint8Array
  readonly inputs: readonly { readonly name: string; readonly type: string; readonly required: boolean }[]
  readonly outputs: readonly { readonly name: string; readonly type: string }[]
}

/**
 * Extension point: scores rows with the very graph that will answer in production, so that what is measured is what is
 * served. Answers one score a row: the probability of the positive class, or the predicted number.
 */
export interface ModelScorer {
  score(model: ScorableModel, frame: Frame): Promise<Float64Array>
}
