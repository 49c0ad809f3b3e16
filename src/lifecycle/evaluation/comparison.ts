import { type PairedBootstrapOptions, pairedBootstrap } from './bootstrap.ts'
import type { Comparison, Interval, MetricName, MetricValue } from './contract.ts'
import { differenceBounds, intervalOf, normalBounds } from './interval.ts'
import { estimateOf, metrics } from './measure.ts'
import { defaultMetricOptions, type Metric, type MetricOptions, standardError } from './metric.ts'
import type { PreparedRows, ScoredRows } from './scored-rows.ts'

/** Two models' scores of the same rows: same order, same labels and weights. */
export interface PairedRows {
  readonly candidate: PreparedRows
  readonly reference: PreparedRows
}

export interface ComparisonOptions extends Partial<MetricOptions> {
  /** Resample rows instead of using the row influences; slower, and it shows a skewed difference. */
  readonly bootstrap?: PairedBootstrapOptions
}

/**
 * Candidate minus reference on the same rows. The interval comes from the difference of the two row
 * influences: for the area under the ROC curve that is DeLong's paired test, for mean losses the paired
 * normal interval. O(n).
 */
export function comparePaired(
  name: MetricName,
  paired: PairedRows,
  options: ComparisonOptions = {},
): Comparison {
  const { candidate, reference } = paired
  if (candidate.status === 'error') return { status: 'error', name, reason: `candidate: ${candidate.reason}` }
  if (reference.status === 'error') return { status: 'error', name, reason: `reference: ${reference.reason}` }
  const metric = metrics[name]
  const n = candidate.rows.n
  if (n !== reference.rows.n) {
    return { status: 'error', name, reason: `candidate has ${n} rows and reference ${reference.rows.n}` }
  }
  const metricOptions = { ...defaultMetricOptions, ...options }
  const first = estimateOf(metric, candidate.rows, metricOptions)
  if (first.status !== 'value') return missing(first, { name, n, side: 'candidate' })
  const second = estimateOf(metric, reference.rows, metricOptions)
  if (second.status !== 'value') return missing(second, { name, n, side: 'reference' })

  const difference = first.value - second.value
  const rows = {
    candidate: candidate.rows,
    reference: reference.rows,
    candidateValue: first.value,
    referenceValue: second.value,
  }
  const interval =
    options.bootstrap === undefined
      ? influenceInterval(metric, rows, metricOptions)
      : pairedBootstrap(metric, { ...rows, options: metricOptions }, options.bootstrap)
  if (typeof interval === 'string') return { status: 'undefined', name, reason: interval, n }
  return {
    status: 'value',
    name,
    candidate: first.value,
    reference: second.value,
    difference,
    interval,
    method: interval.method,
    n,
    higherIsBetter: metric.higherIsBetter,
  }
}

/**
 * Two estimates from different rows, such as the two groups of a canary. The interval is built from the
 * estimates' own intervals, so it needs no rows; for rates it is Newcombe's method 10.
 */
export function compareIndependent(candidate: MetricValue, reference: MetricValue): Comparison {
  const { name } = candidate
  if (reference.name !== name) return { status: 'error', name, reason: `the reference is ${reference.name}` }
  const sizes = [candidate, reference].map((side) => (side.status === 'error' ? 0 : side.n))
  const n = sizes.reduce((sum, size) => sum + size, 0)
  if (candidate.status !== 'value') return missing(candidate, { name, n, side: 'candidate' })
  if (reference.status !== 'value') return missing(reference, { name, n, side: 'reference' })
  const bounds = differenceBounds(
    { value: candidate.value, low: candidate.interval.low, high: candidate.interval.high },
    { value: reference.value, low: reference.interval.low, high: reference.interval.high },
  )
  const method = 'from the two intervals (Newcombe; Zou and Donner)'
  return {
    status: 'value',
    name,
    candidate: candidate.value,
    reference: reference.value,
    difference: candidate.value - reference.value,
    interval: intervalOf(bounds, method),
    method,
    n,
    higherIsBetter: candidate.higherIsBetter,
  }
}

interface PairedEstimates {
  readonly candidate: ScoredRows
  readonly reference: ScoredRows
  readonly candidateValue: number
  readonly referenceValue: number
}

function influenceInterval(metric: Metric, pair: PairedEstimates, options: MetricOptions): Interval {
  const { candidate, reference, candidateValue, referenceValue } = pair
  // Each side is sorted by its own scores, so the influences meet at the caller's row numbers.
  const byRow = new Float64Array(candidate.n)
  const ofCandidate = metric.influence(candidate, candidateValue, options)
  const ofReference = metric.influence(reference, referenceValue, options)
  for (let position = 0; position < candidate.n; position += 1) {
    byRow[candidate.rows[position] as number] = ofCandidate[position] as number
  }
  for (let position = 0; position < reference.n; position += 1) {
    const row = reference.rows[position] as number
    byRow[row] = (byRow[row] as number) - (ofReference[position] as number)
  }
  const bounds = normalBounds(candidateValue - referenceValue, standardError(byRow))
  const method = metric.name === 'roc_auc' ? 'paired DeLong' : 'paired row influences, normal'
  return intervalOf(bounds, method)
}

interface Missing {
  readonly name: MetricName
  readonly n: number
  readonly side: 'candidate' | 'reference'
}

function missing(
  from: { status: 'undefined' | 'error'; reason: string },
  { name, n, side }: Missing,
): Comparison {
  const reason = `${side}: ${from.reason}`
  return from.status === 'error'
    ? { status: 'error', name, reason }
    : { status: 'undefined', name, reason, n }
}
