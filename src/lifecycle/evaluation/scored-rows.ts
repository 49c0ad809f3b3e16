import type { Task } from './contract.ts'
import { rowNumbers, sortingOrder } from './sorting-order.ts'

/**
 * Labels and scores of the same rows, sorted once by ascending score so that every metric is one or two
 * linear passes. Position `i` of each array belongs to row `rows[i]` of the caller.
 */
export interface ScoredRows {
  readonly task: Task
  readonly n: number
  /** 0 or 1 for a binary task, numbers for regression. */
  readonly labels: Float64Array
  readonly scores: Float64Array
  /** Positive weights; undefined when all rows weigh the same. */
  readonly weights: Float64Array | undefined
  readonly rows: Uint32Array
  readonly nPositive: number
}

export interface ScoredInput {
  readonly task: Task
  readonly labels: ArrayLike<number>
  readonly scores: Float64Array
  readonly weights?: Float64Array | undefined
}

export type PreparedRows =
  | { readonly status: 'ready'; readonly rows: ScoredRows }
  | { readonly status: 'error'; readonly reason: string }

/** Checks and sorts; a broken input gives an error that says how many rows are broken. */
export function prepareRows(input: ScoredInput): PreparedRows {
  const reason = faultOf(input)
  if (reason !== undefined) return { status: 'error', reason }
  // Regression metrics do not look at the order; the rows stay as they came.
  const order = input.task === 'binary' ? sortingOrder(input.scores) : rowNumbers(input.scores.length)
  return { status: 'ready', rows: gather(input, order) }
}

/** The rows at these positions, which must ascend, so that the part is sorted like the whole. */
export function selectRows(whole: ScoredRows, positions: Uint32Array): ScoredRows {
  const part = gather(whole, positions)
  const rows = new Uint32Array(positions.length)
  for (let index = 0; index < rows.length; index += 1)
    rows[index] = whole.rows[positions[index] as number] as number
  return { ...part, rows }
}

export function weightAt(rows: ScoredRows, position: number): number {
  return rows.weights === undefined ? 1 : (rows.weights[position] as number)
}

/** Position of the first score at or above the threshold. */
export function positionOf(rows: ScoredRows, threshold: number): number {
  let low = 0
  let high = rows.n
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rows.scores[middle] as number) < threshold) low = middle + 1
    else high = middle
  }
  return low
}

/** Position after the last row that has the same score as the one at `start`. */
export function endOfTie(scores: Float64Array, start: number): number {
  const score = scores[start]
  let end = start + 1
  while (end < scores.length && scores[end] === score) end += 1
  return end
}

function gather(from: ScoredInput, order: Uint32Array): ScoredRows {
  const n = order.length
  const labels = new Float64Array(n)
  const scores = new Float64Array(n)
  const weights = from.weights === undefined ? undefined : new Float64Array(n)
  let nPositive = 0
  for (let position = 0; position < n; position += 1) {
    const row = order[position] as number
    const label = from.labels[row] as number
    labels[position] = label
    scores[position] = from.scores[row] as number
    if (weights !== undefined) weights[position] = from.weights?.[row] as number
    if (label > 0) nPositive += 1
  }
  return { task: from.task, n, labels, scores, weights, rows: order, nPositive }
}

function faultOf({ task, labels, scores, weights }: ScoredInput): string | undefined {
  const n = scores.length
  if (labels.length !== n) return `there are ${labels.length} labels for ${n} scores`
  if (weights !== undefined && weights.length !== n)
    return `there are ${weights.length} weights for ${n} scores`
  let brokenScores = 0
  let brokenLabels = 0
  let brokenWeights = 0
  for (let row = 0; row < n; row += 1) {
    const label = labels[row] as number
    if (!Number.isFinite(scores[row])) brokenScores += 1
    if (task === 'binary' ? label !== 0 && label !== 1 : !Number.isFinite(label)) brokenLabels += 1
    if (weights !== undefined && !((weights[row] as number) > 0 && Number.isFinite(weights[row])))
      brokenWeights += 1
  }
  if (brokenScores > 0) return `${ofRows(brokenScores, n)} a score that is NaN or infinite`
  if (brokenLabels > 0) {
    return `${ofRows(brokenLabels, n)} a label that is ${task === 'binary' ? 'neither 0 nor 1' : 'NaN or infinite'}`
  }
  if (brokenWeights > 0) return `${ofRows(brokenWeights, n)} a weight that is not a positive number`
  return undefined
}

function ofRows(count: number, n: number): string {
  return `${count} of ${n} rows ${count === 1 ? 'has' : 'have'}`
}
