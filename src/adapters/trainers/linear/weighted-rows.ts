import type { FeatureColumn, TrainingTable } from '#lifecycle/training/index'
import { findEqualRows } from '../equal-rows.ts'

/** A training table in which rows with equal features are one. */
export interface WeightedRows {
  readonly rows: number
  readonly features: readonly FeatureColumn[]
  readonly weights: Float64Array
  /** The sum of weight × label. */
  readonly labels: Float64Array
  readonly totalWeight: number
  readonly totalLabel: number
}

export function mergeRows(table: TrainingTable): WeightedRows {
  const { groupOf, firstRows } = findEqualRows(cellsOf(table))
  const weights = new Float64Array(firstRows.length)
  const labels = new Float64Array(firstRows.length)
  let totalWeight = 0
  let totalLabel = 0
  for (let row = 0; row < table.rows; row++) {
    const group = groupOf[row] as number
    const weight = table.weight === undefined ? 1 : (table.weight[row] as number)
    const label = weight * (table.label[row] as number)
    weights[group] = (weights[group] as number) + weight
    labels[group] = (labels[group] as number) + label
    totalWeight += weight
    totalLabel += label
  }
  const features = table.features.map((feature) => pick(feature, firstRows))
  return { rows: firstRows.length, features, weights, labels, totalWeight, totalLabel }
}

/** Numbers by their bits: equal bits are equal numbers, which is all that matters. */
function cellsOf({ rows, features }: TrainingTable) {
  const stride = features.length
  const cells = new Uint32Array(rows * stride)
  for (const [f, feature] of features.entries()) {
    const bits =
      feature.kind === 'number'
        ? new Uint32Array(feature.values.buffer, feature.values.byteOffset, rows)
        : new Uint32Array(feature.codes.buffer, feature.codes.byteOffset, rows)
    for (let row = 0; row < rows; row++) cells[row * stride + f] = bits[row] as number
  }
  return { rows, featureCount: stride, cells }
}

function pick(feature: FeatureColumn, rows: Int32Array): FeatureColumn {
  if (feature.kind === 'number')
    return { ...feature, values: Float32Array.from(rows, (row) => feature.values[row] as number) }
  return { ...feature, codes: rows.map((row) => feature.codes[row] as number) }
}
