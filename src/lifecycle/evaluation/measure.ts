import { type MetricName, metricsOfTask, type MetricValue } from './contract.ts'
import { accuracy, f1, positiveRate, precision, predictedPositiveRate, recall } from './decision-metrics.ts'
import { defaultMetricOptions, type Metric, type MetricOptions } from './metric.ts'
import { brierScore, calibrationGap, expectedCalibrationError, logLoss } from './probability-metrics.ts'
import { averagePrecision, rocAuc } from './ranking-metrics.ts'
import { mae, meanError, r2, rmse } from './regression-metrics.ts'
import { type PreparedRows, prepareRows, type ScoredInput, type ScoredRows } from './scored-rows.ts'

export const metrics: Readonly<Record<MetricName, Metric>> = {
  roc_auc: rocAuc,
  average_precision: averagePrecision,
  log_loss: logLoss,
  brier_score: brierScore,
  expected_calibration_error: expectedCalibrationError,
  calibration_gap: calibrationGap,
  accuracy,
  precision,
  recall,
  f1,
  positive_rate: positiveRate,
  predicted_positive_rate: predictedPositiveRate,
  rmse,
  mae,
  r2,
  mean_error: meanError,
}

/** All metrics of the task, in the order of the contract. */
export function measure(input: ScoredInput, options: Partial<MetricOptions> = {}): readonly MetricValue[] {
  const prepared = prepareRows(input)
  return metricsOfTask[input.task].map((name) => measurePrepared(metrics[name], prepared, options))
}

export function measureRows(rows: ScoredRows, options: Partial<MetricOptions> = {}): readonly MetricValue[] {
  const prepared: PreparedRows = { status: 'ready', rows }
  return metricsOfTask[rows.task].map((name) => measurePrepared(metrics[name], prepared, options))
}

export function measurePrepared(
  metric: Metric,
  prepared: PreparedRows,
  partial: Partial<MetricOptions>,
): MetricValue {
  const { name, higherIsBetter } = metric
  if (prepared.status === 'error') return { status: 'error', name, reason: prepared.reason }
  const { rows } = prepared
  const options = { ...defaultMetricOptions, ...partial }
  const estimate = estimateOf(metric, rows, options)
  if (estimate.status === 'undefined') return { ...estimate, name, n: rows.n }
  if (estimate.status === 'error') return { ...estimate, name }
  const interval = metric.interval(rows, estimate.value, options)
  if (![estimate.value, interval.low, interval.high].every(Number.isFinite)) {
    return { status: 'error', name, reason: 'the numbers are too large to compute with' }
  }
  const counts = rows.task === 'binary' ? { n: rows.n, nPositive: rows.nPositive } : { n: rows.n }
  return { status: 'value', name, value: estimate.value, interval, ...counts, higherIsBetter }
}

export type Estimate =
  | { readonly status: 'value'; readonly value: number }
  | { readonly status: 'undefined'; readonly reason: string }
  | { readonly status: 'error'; readonly reason: string }

/** The bare estimate, with the reasons that hold for every metric. */
export function estimateOf(metric: Metric, rows: ScoredRows, options: MetricOptions): Estimate {
  if (rows.n === 0) return { status: 'undefined', reason: 'there are no rows' }
  if (rows.n === 1) return { status: 'undefined', reason: 'one row is too few to tell how sure the value is' }
  if (metric.needsProbabilities) {
    const outside = countOutsideUnit(rows)
    if (outside > 0)
      return { status: 'error', reason: `${outside} of ${rows.n} scores are not between 0 and 1` }
  }
  const value = metric.value(rows, options)
  if (typeof value === 'string') return { status: 'undefined', reason: value }
  if (!Number.isFinite(value)) return { status: 'error', reason: 'the numbers are too large to compute with' }
  return { status: 'value', value }
}

function countOutsideUnit({ scores, n }: ScoredRows): number {
  // Sorted: when the ends are inside, all are.
  if ((scores[0] as number) >= 0 && (scores[n - 1] as number) <= 1) return 0
  return scores.reduce((count, score) => count + (score < 0 || score > 1 ? 1 : 0), 0)
}
