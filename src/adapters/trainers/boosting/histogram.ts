import type { BinnedRows } from './binned-rows.ts'

/**
 * A histogram holds, for every cell, the sum of gradients at `2 * cell` and of hessians at `2 * cell + 1`, in double
 * precision. Gradients come interleaved the same way, one pair a row.
 *
 * Measured on 290,000 scattered rows of 5 features: columns one by one 5.5 ns an update, a row's cells in a loop
 * 3.8 ns, the same unrolled 2.7 ns, because the additions of different features do not wait for one another. Hence
 * passes over four, two and one features instead of a loop over all.
 */
export interface Gradients {
  readonly pairs: Float64Array
}

export interface RowRange {
  readonly order: Int32Array
  readonly begin: number
  readonly end: number
}

export function sumRows(histogram: Float64Array, rows: BinnedRows, input: Gradients & RowRange): void {
  histogram.fill(0)
  let first = 0
  for (; first + 4 <= rows.featureCount; first += 4) sumFour(histogram, rows, input, first)
  if (first + 2 <= rows.featureCount) {
    sumTwo(histogram, rows, input, first)
    first += 2
  }
  if (first < rows.featureCount) sumOne(histogram, rows, input, first)
}

function sumFour(
  histogram: Float64Array,
  rows: BinnedRows,
  input: Gradients & RowRange,
  first: number,
): void {
  const { order, begin, end, pairs } = input
  const { cells, featureCount } = rows
  for (let i = begin; i < end; i++) {
    const row = order[i] as number
    const gradient = pairs[2 * row] as number
    const hessian = pairs[2 * row + 1] as number
    const at = row * featureCount + first
    const a = (cells[at] as number) << 1
    histogram[a] = (histogram[a] as number) + gradient
    histogram[a + 1] = (histogram[a + 1] as number) + hessian
    const b = (cells[at + 1] as number) << 1
    histogram[b] = (histogram[b] as number) + gradient
    histogram[b + 1] = (histogram[b + 1] as number) + hessian
    const c = (cells[at + 2] as number) << 1
    histogram[c] = (histogram[c] as number) + gradient
    histogram[c + 1] = (histogram[c + 1] as number) + hessian
    const d = (cells[at + 3] as number) << 1
    histogram[d] = (histogram[d] as number) + gradient
    histogram[d + 1] = (histogram[d + 1] as number) + hessian
  }
}

function sumTwo(histogram: Float64Array, rows: BinnedRows, input: Gradients & RowRange, first: number): void {
  const { order, begin, end, pairs } = input
  const { cells, featureCount } = rows
  for (let i = begin; i < end; i++) {
    const row = order[i] as number
    const gradient = pairs[2 * row] as number
    const hessian = pairs[2 * row + 1] as number
    const at = row * featureCount + first
    const a = (cells[at] as number) << 1
    histogram[a] = (histogram[a] as number) + gradient
    histogram[a + 1] = (histogram[a + 1] as number) + hessian
    const b = (cells[at + 1] as number) << 1
    histogram[b] = (histogram[b] as number) + gradient
    histogram[b + 1] = (histogram[b + 1] as number) + hessian
  }
}

function sumOne(histogram: Float64Array, rows: BinnedRows, input: Gradients & RowRange, first: number): void {
  const { order, begin, end, pairs } = input
  const { cells, featureCount } = rows
  for (let i = begin; i < end; i++) {
    const row = order[i] as number
    const a = (cells[row * featureCount + first] as number) << 1
    histogram[a] = (histogram[a] as number) + (pairs[2 * row] as number)
    histogram[a + 1] = (histogram[a + 1] as number) + (pairs[2 * row + 1] as number)
  }
}

/** What is left of a parent once one child is taken away is the other child: half of the work, for one pass over bins. */
export function subtractHistogram(parent: Float64Array, child: Float64Array): void {
  for (let i = 0; i < parent.length; i++) parent[i] = (parent[i] as number) - (child[i] as number)
}
