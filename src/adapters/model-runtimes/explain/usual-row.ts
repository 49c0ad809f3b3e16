import { memberMode, type ParsedModel } from '../compiled/index.ts'

/**
 * A row of the matrix to compare with where there is no other. Of trees, each column has the median of its thresholds:
 * trainers put them where the data is. Columns of categories, and all columns of a linear form, are 0, which after a scaler
 * is the mean of the training data. A column that is asked "is it one of these" is missing.
 */
export function usualRow({ columns, predictor }: ParsedModel): Float64Array {
  const row = new Float64Array(columns.length)
  if (predictor.kind === 'linear') return row
  const { feature, threshold, mode } = predictor
  const found = columns.map((): number[] => [])
  for (let node = 0; node < feature.length; node++) {
    const column = feature[node] as number
    if (column < 0) continue
    if (mode[node] === memberMode) row[column] = Number.NaN
    else if (Number.isFinite(threshold[node])) found[column]?.push(threshold[node] as number)
  }
  for (const [column, { name }] of columns.entries()) {
    const sorted = (found[column] ?? []).toSorted((left, right) => left - right)
    if (sorted.length === 0 || name.includes('=')) continue
    row[column] = sorted[Math.floor((sorted.length - 1) / 2)] as number
  }
  return row
}
