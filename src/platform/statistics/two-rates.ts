import { logLikelihood, logMixtureLikelihood, type BetaPrior, type Proportion } from './bernoulli-mixture.ts'
import type { Bounds } from './bounds.ts'

export interface TwoRates {
  readonly tried: Proportion
  readonly stable: Proportion
}

/** Failures are rare: most of the weight is on low rates. Another prior would cost power, never validity. */
const tried: BetaPrior = { a: 0.5, b: 8 }
const stable: BetaPrior = { a: 0.5, b: 30 }

/**
 * Log of an e-process against "the tried rate is at most the stable rate plus `margin`": the chance of what was seen, mixed
 * over independent beta priors of both rates, over its largest chance under that hypothesis. Whatever the two rates are that
 * the hypothesis allows, it exceeds `log(1 / alpha)` at any time, ever, with a chance of at most alpha; whoever looks at it
 * after every request, or stops when he likes, does not change that. The order in which requests went to either side, and how
 * many each got, may depend on the past. Four counts are all it needs.
 *
 * Universal inference: Wasserman, Ramdas and Balakrishnan, PNAS 117 (2020), section 8, with the mixture of Robbins (1970) as
 * numerator. Turner, Ly and Grünwald, "Generic e-variables for exact sequential k-sample tests that allow for optional
 * stopping", Journal of Statistical Planning and Inference 230 (2024), need the order of the requests in blocks instead.
 */
export function logEvidenceOfMore(rates: TwoRates, margin: number): number {
  const { tried: first, stable: second } = rates
  const excess = rateOf(first) - rateOf(second)
  const likeliest =
    excess <= margin
      ? logLikelihood(first, rateOf(first)) + logLikelihood(second, rateOf(second))
      : profileLikelihood(rates, margin)
  return logMixture(rates) - likeliest
}

/**
 * Tried rate minus stable rate: an interval that holds the true difference at all times together with a chance of at least
 * 1 - alpha. It holds the differences that the e-process of the two-sided hypothesis does not reject.
 */
export function rateDifferenceBounds(rates: TwoRates, alpha: number): Bounds {
  const mixture = logMixture(rates)
  const limit = Math.log(1 / alpha)
  const excess = rateOf(rates.tried) - rateOf(rates.stable)
  const isRejected = (difference: number): boolean => mixture - profileLikelihood(rates, difference) >= limit
  return {
    low: isRejected(-1) ? border(excess, -1, isRejected) : -1,
    high: isRejected(1) ? border(excess, 1, isRejected) : 1,
  }
}

function logMixture({ tried: first, stable: second }: TwoRates): number {
  return logMixtureLikelihood(first, tried) + logMixtureLikelihood(second, stable)
}

function rateOf({ hits, trials }: Proportion): number {
  return trials === 0 ? 0 : hits / trials
}

/** The largest log likelihood among rates with this difference; concave in the stable rate, so its slope is bisected. */
function profileLikelihood({ tried: first, stable: second }: TwoRates, difference: number): number {
  let low = Math.max(0, -difference)
  let high = Math.min(1, 1 - difference)
  const slope = (rate: number): number =>
    quotient(first.hits, rate + difference) -
    quotient(first.trials - first.hits, 1 - rate - difference) +
    quotient(second.hits, rate) -
    quotient(second.trials - second.hits, 1 - rate)
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (slope(middle) > 0) low = middle
    else high = middle
  }
  const rate = (low + high) / 2
  const clamp = (value: number): number => Math.min(1, Math.max(0, value))
  return logLikelihood(first, clamp(rate + difference)) + logLikelihood(second, clamp(rate))
}

function quotient(count: number, chance: number): number {
  return count === 0 ? 0 : count / chance
}

/** Where the rejection begins between `inside`, which is not rejected, and `outside`, which is. */
function border(inside: number, outside: number, isRejected: (difference: number) => boolean): number {
  for (let step = 0; step < 50; step++) {
    const middle = (inside + outside) / 2
    if (isRejected(middle)) outside = middle
    else inside = middle
  }
  return outside
}
