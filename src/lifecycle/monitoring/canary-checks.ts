import type { Comparison } from '#lifecycle/evaluation/index'
import { distributionRadius } from '#platform/statistics/distribution-sequence'
import { largestGap, LogHistogram } from '#platform/statistics/log-histogram'
import { sequentialWidth } from '#platform/statistics/mean-sequence'
import { quantileEstimate } from '#platform/statistics/quantile-sequence'
import type { Proportion } from '#platform/statistics/bernoulli-mixture'
import { logEvidenceOfMore, rateDifferenceBounds } from '#platform/statistics/two-rates'
import type { RequestCounts, StepEvidence } from './canary-evidence.ts'
import type { CanaryCheck } from './contract.ts'
import { countWords, percent, shortNumber } from './figures.ts'
import type { CanaryPolicy } from './settings.ts'

/** Below this, not even trouble is proven: a handful of requests is often one client. */
const leastRequests = 20
/** E-value at which trouble that is not proven keeps a step from ending: by chance it comes to that in one case of ten. */
const suspiciousEvidence = 10
/** Intervals are narrowest at this multiple of the minimum: a step usually lasts a few times as long as it must. */
const bestAtMinimums = 5

export interface VariantSide {
  readonly counts: RequestCounts
  readonly evidence: StepEvidence[string] | undefined
}

export interface SidesToCheck {
  readonly policy: CanaryPolicy
  readonly champion: VariantSide
  readonly canary: VariantSide
  /** Chance of a false alarm that the check may use. */
  readonly alpha: number
}

/** Whether it fails more of its requests. */
export function checkErrors(sides: SidesToCheck): CanaryCheck {
  const failures = ({ counts }: VariantSide): Proportion => ({ hits: counts.errors, trials: counts.requests })
  return checkRate(sides, { check: 'errors', verb: 'failed', of: failures })
}

/**
 * Whether its signature refuses more requests. Callers' mistakes meet both alike; what only one refuses is a column that it
 * lost, or a category that it never saw.
 */
export function checkRefusals(sides: SidesToCheck): CanaryCheck {
  const refusals = ({ counts }: VariantSide): Proportion => ({
    hits: counts.refused,
    trials: counts.requests + counts.refused,
  })
  return checkRate(sides, { check: 'refusals', verb: 'refused', of: refusals })
}

interface Rate {
  readonly check: 'errors' | 'refusals'
  readonly verb: string
  readonly of: (side: VariantSide) => Proportion
}

function checkRate(
  { policy, champion, canary, alpha }: SidesToCheck,
  { check, verb, of }: Rate,
): CanaryCheck {
  const { tried, stable } = { tried: of(canary), stable: of(champion) }
  // Few requests of many rows have shown much; but what fails, fails as one request, and is proven by those alone.
  const seen = Math.min(canary.counts.rows + tried.hits, champion.counts.rows + stable.hits)
  const { error_margin: margin, minimum_requests: needed } = policy
  const facts = { check, seen, needed, threshold: margin, alpha }
  const words = `canary ${verb} ${countWords(tried.hits)} of ${countWords(tried.trials)} requests, champion ${countWords(stable.hits)} of ${countWords(stable.trials)}`
  const wanting = `${words}: ${ofNeeded(seen, needed, 'predictions')}`
  if (tried.trials === 0 || stable.trials === 0) return { ...facts, ...unseen, reason: wanting }
  const interval = rateDifferenceBounds({ tried, stable }, alpha)
  const estimate = tried.hits / tried.trials - stable.hits / stable.trials
  const numbers = { ...facts, estimate, interval }
  const range = `difference ${percent(estimate)} [${percent(interval.low)}, ${percent(interval.high)}]`
  const more = margin === 0 ? 'more' : `more by over ${percent(margin)}`
  if (interval.low > margin && tried.trials >= leastRequests) {
    return { ...numbers, verdict: 'fail', reason: `${words}, ${range}: ${more}` }
  }
  if (seen < needed) return { ...numbers, verdict: 'wait', reason: wanting }
  const evidence = Math.exp(logEvidenceOfMore({ tried, stable }, margin))
  if (evidence >= suspiciousEvidence) {
    const doubt = `the evidence for ${more} is ${shortNumber(evidence)}, proof is ${shortNumber(1 / alpha)}`
    return { ...numbers, verdict: 'wait', reason: `${words}, ${range}: ${doubt}` }
  }
  return { ...numbers, verdict: 'pass', reason: `${words}, ${range}: not ${more}` }
}

/** Whether it answers more slowly than it may. */
export function checkLatency({ policy, champion, canary, alpha }: SidesToCheck): CanaryCheck {
  const { slowdown, latency_quantile: quantile, minimum_requests: needed } = policy
  const [own, other] = [canary, champion].map(({ evidence }) => new LogHistogram(evidence?.latencyMs)) as [
    LogHistogram,
    LogHistogram,
  ]
  const seen = Math.min(own.total, other.total)
  const facts = { check: 'latency' as const, seen, needed, threshold: slowdown ?? null, alpha }
  if (seen === 0) {
    const verdict = slowdown === undefined ? 'pass' : 'wait'
    return { ...facts, ...unseen, verdict, reason: `latency: ${ofNeeded(seen, needed, 'requests')}` }
  }
  const options = { quantile, alpha: alpha / 2, bestAt: bestAtMinimums * needed }
  const [slow, usual] = [quantileEstimate(own, options), quantileEstimate(other, options)]
  const estimate = slow.value / usual.value
  const interval = { low: slow.low / usual.high, high: slow.high / usual.low }
  const numbers = { ...facts, estimate, interval: finite(interval) }
  const words =
    `${percent(quantile)} of the canary's answers take at most ${shortNumber(slow.value)} ms, of the champion's ${shortNumber(usual.value)} ms: ` +
    `${shortNumber(estimate)} times [${shortNumber(interval.low)}, ${shortNumber(interval.high)}]`
  if (slowdown === undefined) return { ...numbers, verdict: 'pass', reason: words }
  const limit = `allowed are ${shortNumber(slowdown)}`
  if (interval.low > slowdown) return { ...numbers, verdict: 'fail', reason: `${words}, ${limit}` }
  if (seen < needed)
    return { ...numbers, verdict: 'wait', reason: `${words}; ${ofNeeded(seen, needed, 'requests')}` }
  if (estimate > slowdown)
    return { ...numbers, verdict: 'wait', reason: `${words}, ${limit}; not proven yet` }
  return { ...numbers, verdict: 'pass', reason: `${words}, ${limit}` }
}

/** How far the distribution of its scores is from that of the champion's, each on the rows that it scored itself. */
export function checkScores({ policy, champion, canary, alpha }: SidesToCheck): CanaryCheck {
  const { score_shift: limit, minimum_requests: needed } = policy
  const [own, other] = [canary, champion].map(({ evidence }) => new LogHistogram(evidence?.scores)) as [
    LogHistogram,
    LogHistogram,
  ]
  const seen = Math.min(own.total, other.total)
  const facts = { check: 'scores' as const, seen, needed, threshold: limit ?? null, alpha }
  if (seen === 0) {
    const verdict = limit === undefined ? 'pass' : 'wait'
    return { ...facts, ...unseen, verdict, reason: `scores: ${ofNeeded(seen, needed, 'rows')}` }
  }
  const { gap, at } = largestGap(own, other)
  const radius = distributionRadius({ from: needed, alpha: alpha / 2 })
  const doubt = Math.min(1, radius(own.total) + radius(other.total))
  const interval = { low: Math.max(0, gap - doubt), high: Math.min(1, gap + doubt) }
  const numbers = { ...facts, estimate: gap, interval }
  const words = `scores differ by at most ${percent(gap)} [${percent(interval.low)}, ${percent(interval.high)}] of the rows, at ${shortNumber(at)}`
  if (limit === undefined) return { ...numbers, verdict: 'pass', reason: words }
  const allowed = `allowed are ${percent(limit)}`
  if (interval.low > limit) return { ...numbers, verdict: 'fail', reason: `${words}, ${allowed}` }
  if (seen < needed)
    return { ...numbers, verdict: 'wait', reason: `${words}; ${ofNeeded(seen, needed, 'rows')}` }
  if (gap > limit) return { ...numbers, verdict: 'wait', reason: `${words}, ${allowed}; not proven yet` }
  return { ...numbers, verdict: 'pass', reason: `${words}, ${allowed}` }
}

export interface MetricToCheck {
  readonly policy: CanaryPolicy & { readonly metric: string }
  /** Canary minus champion, on the same rows, with the interval of a single look. */
  readonly comparison: Comparison
  readonly labels: number
  readonly alpha: number
}

/** The 97.5 % quantile of the standard normal distribution, which the interval of a single look was made with. */
const singleLook = 1.959963984540054

/** Whether the labels prove it no worse, or worse, than the margin allows. */
export function checkMetric({ policy, comparison, labels, alpha }: MetricToCheck): CanaryCheck {
  const { metric, margin, minimum_labels: needed } = policy
  const facts = { check: 'metric' as const, seen: labels, needed, threshold: margin, alpha }
  const counted = `${countWords(labels)} labels of both`
  if (comparison.status !== 'value' || labels < needed) {
    const reason =
      labels < needed
        ? `${counted}; at least ${countWords(needed)} are needed`
        : `${metric} cannot be compared: ${comparison.status === 'value' ? '' : comparison.reason}`
    return { ...facts, ...unseen, reason }
  }
  const { candidate, reference, difference, interval: single, higherIsBetter } = comparison
  if (higherIsBetter === null) {
    return { ...facts, ...unseen, reason: `${metric} has no better and worse; judge by log_loss or roc_auc` }
  }
  const standardError = (single.high - single.low) / (2 * singleLook)
  const half = standardError * sequentialWidth(labels, { alpha, bestAt: bestAtMinimums * needed })
  const interval = { low: difference - half, high: difference + half }
  const numbers = { ...facts, estimate: difference, interval }
  const words =
    `${metric} ${shortNumber(candidate)} against the champion's ${shortNumber(reference)}, ` +
    `difference ${shortNumber(difference)} [${shortNumber(interval.low)}, ${shortNumber(interval.high)}] on ${counted}`
  const worst = higherIsBetter ? -interval.low : interval.high
  const best = higherIsBetter ? -interval.high : interval.low
  if (worst < margin) {
    return {
      ...numbers,
      verdict: 'pass',
      reason: `${words}: ${worst < 0 ? 'better' : `not worse by ${margin}`}`,
    }
  }
  if (best > margin) return { ...numbers, verdict: 'fail', reason: `${words}: worse by more than ${margin}` }
  return { ...numbers, verdict: 'wait', reason: `${words}: not yet sure whether it is worse by ${margin}` }
}

const unseen = { estimate: null, interval: null, verdict: 'wait' as const }

function ofNeeded(seen: number, needed: number, what: string): string {
  return `${countWords(seen)} of ${countWords(needed)} ${what} of each seen`
}

/** Unbounded ends have no number in JSON. */
function finite({ low, high }: { readonly low: number; readonly high: number }): CanaryCheck['interval'] {
  const end = (value: number): number | null => (Number.isFinite(value) ? value : null)
  return { low: end(low), high: end(high) }
}
