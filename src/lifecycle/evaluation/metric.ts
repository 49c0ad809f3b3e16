import type { Interval, MetricName } from './contract.ts'
import { type Bounds, intervalOf, normalBounds } from './interval.ts'
import type { ScoredRows } from './scored-rows.ts'

export interface MetricOptions {
  /** A score at or above it counts as predicted positive. */
  readonly threshold: number
  /** Bins of the calibration error and table. */
  readonly bins: number
}

export const defaultMetricOptions: MetricOptions = { threshold: 0.5, bins: 10 }

/**
 * A metric is a function of the weighted rows together with its influence: what each row contributes to the
 * error of the estimate. The squares of the influences add up to the variance (the infinitesimal jackknife:
 * Jaeckel, Bell Labs 1972; Efron, "The jackknife, the bootstrap and other resampling plans", 1982, chapter
 * 6), and on the same rows the influences of two models subtract, which makes every metric comparable in
 * pairs in linear time.
 */
export interface Metric {
  readonly name: MetricName
  readonly higherIsBetter: boolean | null
  readonly needsProbabilities: boolean
  /** The estimate, or in words why it is undefined for these rows. */
  readonly value: (rows: ScoredRows, options: MetricOptions) => number | string
  /** One number per position of the sorted rows. */
  readonly influence: (rows: ScoredRows, value: number, options: MetricOptions) => Float64Array
  readonly interval: (rows: ScoredRows, value: number, options: MetricOptions) => Interval
  /** Set when the value is nothing but the mean of this over the rows, which makes resampling cheap. */
  readonly perRow?: (label: number, score: number) => number
}

export function standardError(influence: Float64Array): number {
  let sum = 0
  for (let position = 0; position < influence.length; position += 1)
    sum += (influence[position] as number) ** 2
  return Math.sqrt(sum)
}

export function totalWeight(rows: ScoredRows): number {
  return rows.weights === undefined ? rows.n : sumOf(rows.weights)
}

function sumOf(values: Float64Array): number {
  let sum = 0
  for (let position = 0; position < values.length; position += 1) sum += values[position] as number
  return sum
}

export interface MeanMetric {
  readonly name: MetricName
  readonly higherIsBetter: boolean | null
  readonly needsProbabilities: boolean
  readonly range?: Bounds
  /** What is averaged, from one label and score. */
  readonly perRow: (label: number, score: number) => number
}

/** A metric that is the mean of a number per row, with the normal interval of that mean. */
export function meanMetric({ perRow, range, ...metric }: MeanMetric): Metric {
  const value = (rows: ScoredRows): number => {
    const { labels, scores, weights } = rows
    let sum = 0
    for (let position = 0; position < rows.n; position += 1) {
      const term = perRow(labels[position] as number, scores[position] as number)
      sum += weights === undefined ? term : term * (weights[position] as number)
    }
    return sum / totalWeight(rows)
  }
  const influence = (rows: ScoredRows, mean: number): Float64Array => {
    const { labels, scores, weights } = rows
    const result = new Float64Array(rows.n)
    // Bessel's correction, so that the variance is the sample variance divided by n.
    const scale = Math.sqrt(rows.n / (rows.n - 1)) / totalWeight(rows)
    for (let position = 0; position < rows.n; position += 1) {
      const deviation = perRow(labels[position] as number, scores[position] as number) - mean
      result[position] = scale * deviation * (weights === undefined ? 1 : (weights[position] as number))
    }
    return result
  }
  return {
    ...metric,
    perRow,
    value,
    influence,
    interval: (rows, mean) =>
      intervalOf(
        normalBounds(mean, standardError(influence(rows, mean)), range),
        'normal interval of the mean over rows',
      ),
  }
}
