import type { PredictionRecord } from '#lifecycle/serving/index'

/** Extension point: scores logged inputs with a model version that did not answer them. */
export interface RowScorer {
  /** One score a row, in order; NaN where the model gives none. */
  scoreRows(
    model: string,
    version: number,
    rows: readonly PredictionRecord['inputs'][],
  ): Promise<Float64Array>
}
