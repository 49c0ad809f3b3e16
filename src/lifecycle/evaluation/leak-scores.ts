import { createRandom } from '#platform/random'
import type { Column } from '#platform/tables/frame'
import { sortingOrder } from './sorting-order.ts'

/**
 * Numbers are cut in so many bins of equal counts, so that a feature may also leak without rising or falling.
 */
const bins = 64

/**
 * Predictions of the label from the feature alone: a straight line, where all values are numbers, and the
 * mean label of the row's value or bin. The mean comes from the other half of the rows, or an identifier with
 * one row a value would seem to know every label.
 */
export function labelScores(column: Column, labels: ArrayLike<number>): readonly Float64Array[] {
  if (column.kind === 'category')
    return [
      crossMeans(
        column.codes.map((code) => code + 1),
        labels,
      ),
    ]
  const { values } = column
  const means = crossMeans(binsOf(values), labels)
  // Missing numbers have no place on a line; among the bins they have their own.
  return values.some((value) => !Number.isFinite(value)) ? [means] : [lineThrough(values, labels), means]
}

/** The least-squares line. */
function lineThrough(values: Float64Array, labels: ArrayLike<number>): Float64Array {
  const meanValue = meanOf(values)
  const meanLabel = meanOf(labels)
  let product = 0
  let square = 0
  for (let row = 0; row < values.length; row += 1) {
    const deviation = (values[row] as number) - meanValue
    product += deviation * ((labels[row] as number) - meanLabel)
    square += deviation * deviation
  }
  const slope = square === 0 ? 0 : product / square
  return values.map((value) => meanLabel + slope * (value - meanValue))
}

function crossMeans(codes: Int32Array, labels: ArrayLike<number>): Float64Array {
  const groups = codes.reduce((largest, code) => Math.max(largest, code), 0) + 1
  // Group and half together make one index. Halves are drawn, since files often alternate or are sorted.
  const random = createRandom(1)
  const cells = codes.map((code) => 2 * code + (random.integer() & 1))
  const sums = new Float64Array(2 * groups)
  const counts = new Float64Array(2 * groups)
  for (let row = 0; row < cells.length; row += 1) {
    const cell = cells[row] as number
    sums[cell] = (sums[cell] as number) + (labels[row] as number)
    counts[cell] = (counts[cell] as number) + 1
  }
  const overall = meanOf(labels)
  return Float64Array.from(cells, (cell) => {
    const other = cell ^ 1
    const count = counts[other] as number
    return count > 0 ? (sums[other] as number) / count : overall
  })
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let row = 0; row < values.length; row += 1) sum += values[row] as number
  return sum / values.length
}

/** 0 for missing, then bins of equal counts with equal values kept together. */
function binsOf(values: Float64Array): Int32Array {
  const codes = new Int32Array(values.length)
  const present = new Uint32Array(values.length)
  let count = 0
  for (let row = 0; row < values.length; row += 1) {
    if (Number.isNaN(values[row])) continue
    present[count] = row
    count += 1
  }
  const known = Float64Array.from(present.subarray(0, count), (row) => values[row] as number)
  const order = sortingOrder(known)
  let code = 0
  let nextEdge = 0
  for (let place = 0; place < count; place += 1) {
    const index = order[place] as number
    const isNewValue = place === 0 || known[index] !== known[order[place - 1] as number]
    if (isNewValue && place >= nextEdge) {
      code += 1
      nextEdge = Math.ceil((count * code) / bins)
    }
    codes[present[index] as number] = code
  }
  return codes
}
