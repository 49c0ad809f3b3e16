import { logBeta } from './distributions.ts'

/** `hits` of `trials` had the property. */
export interface Proportion {
  readonly hits: number
  readonly trials: number
}

/** Of a beta distribution. */
export interface BetaPrior {
  readonly a: number
  readonly b: number
}

/** Log of the chance of one sequence with these counts, when every rate is as likely as the prior says. */
export function logMixtureLikelihood({ hits, trials }: Proportion, { a, b }: BetaPrior): number {
  return logBeta(a + hits, b + trials - hits) - logBeta(a, b)
}

/** Log of the chance of one sequence with these counts at a rate. */
export function logLikelihood({ hits, trials }: Proportion, rate: number): number {
  return xLogY(hits, rate) + xLogY(trials - hits, 1 - rate)
}

function xLogY(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(y)
}

/**
 * Log of the beta-binomial mixture martingale against a fixed rate: at that rate it exceeds `log(1 / alpha)` at any time,
 * ever, with a chance of at most alpha (Ville, 1939; Robbins, "Statistical methods related to the law of the iterated
 * logarithm", Annals of Mathematical Statistics 41, 1970).
 */
export function logEvidenceAgainstRate(counts: Proportion, rate: number, prior: BetaPrior): number {
  return logMixtureLikelihood(counts, prior) - logLikelihood(counts, rate)
}

/**
 * The prior around a rate with which the two-sided interval is about the narrowest after `bestAt` trials: Howard, Ramdas,
 * McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49 (2021),
 * as
 * in their library confseq. It directs power; validity does not depend on it.
 */
export function priorAround(rate: number, { bestAt, alpha }: { bestAt: number; alpha: number }): BetaPrior {
  const variance = rate * (1 - rate)
  const doubled = 2 * Math.log(1 / alpha)
  const rho = (bestAt * variance) / (doubled + Math.log(1 + doubled))
  const r = Math.max(rho - variance, 1e-3 * variance)
  return { a: r / (1 - rate), b: r / rate }
}
