import { logEvidenceAgainstRate, priorAround } from './bernoulli-mixture.ts'
import type { Bounds } from './bounds.ts'
import type { LogHistogram } from './log-histogram.ts'

export interface QuantileOptions {
  /** Between 0 and 1, both excluded. */
  readonly quantile: number
  readonly alpha: number
  /** Number of values at which the interval is about the narrowest that it can be. */
  readonly bestAt: number
}

export interface QuantileEstimate extends Bounds {
  readonly value: number
}

/**
 * A quantile with an interval that holds the true one at all times together with a chance of at least 1 - alpha, for any
 * distribution, with ties. Howard and Ramdas, "Sequential estimation of quantiles with applications to A/B testing and
 * best-arm identification", Bernoulli 28 (2022), with the beta-binomial boundary: how many values are at most the
 * true quantile is a count with a known rate, and the ranks that this count may have bound the quantile. The ends are
 * rounded outwards to the edges of the histogram.
 */
export function quantileEstimate(values: LogHistogram, options: QuantileOptions): QuantileEstimate {
  const { total } = values
  const ranks = rankBounds(total, options)
  const middle = values.bucketAt(Math.max(1, Math.ceil(total * options.quantile)))
  return {
    value: (middle.low + middle.high) / 2,
    low: values.bucketAt(ranks.low).low,
    high: values.bucketAt(ranks.high + 1).high,
  }
}

/** How many of `total` values may be at most the true quantile: whole numbers, both ends included. */
export function rankBounds(total: number, { quantile, alpha, bestAt }: QuantileOptions): Bounds {
  const prior = priorAround(quantile, { bestAt, alpha })
  const limit = Math.log(1 / alpha)
  const isKept = (hits: number): boolean =>
    logEvidenceAgainstRate({ hits, trials: total }, quantile, prior) < limit
  // The evidence falls towards the expected count and rises behind it.
  const expected = Math.round(total * quantile)
  return { low: lastKept(expected, 0, isKept), high: lastKept(expected, total, isKept) }
}

function lastKept(from: number, to: number, isKept: (hits: number) => boolean): number {
  if (isKept(to)) return to
  let kept = from
  let rejected = to
  while (Math.abs(rejected - kept) > 1) {
    const middle = Math.floor((kept + rejected) / 2)
    if (isKept(middle)) kept = middle
    else rejected = middle
  }
  return kept
}
