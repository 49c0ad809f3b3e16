import {
  compareIndependent,
  comparePaired,
  measure,
  metricNamed,
  prepareRows,
} from '#lifecycle/evaluation/index'
import type { Comparison, MetricValue, Task } from '#lifecycle/evaluation/index'
import { fisherExactGreater } from '#platform/statistics/distributions'
import type { CanaryPolicy } from './settings.ts'
import { countWords, pValueWords, shortNumber } from './figures.ts'
import type { LabelledRows } from './realized-performance.ts'

export interface VariantTraffic {
  readonly requests: number
  /** Requests that the variant failed through no fault of the caller. */
  readonly errors: number
  readonly latencyP95Ms?: number
}

/**
 * Labels and scores to compare. `independent`: each variant on the requests it answered. `paired`: both models on the same
 * requests, one of them in the shadow; at the same number of labels its interval is several times narrower.
 */
export type CanaryRows =
  | { readonly kind: 'independent'; readonly champion: LabelledRows; readonly canary: LabelledRows }
  | {
      readonly kind: 'paired'
      readonly labels: Float64Array
      readonly championScores: Float64Array
      readonly canaryScores: Float64Array
    }

export interface CanaryInput {
  readonly policy: CanaryPolicy
  readonly task: Task
  readonly champion: VariantTraffic
  readonly canary: VariantTraffic
  readonly rows: CanaryRows
}

type CanaryDecision = 'promote' | 'hold' | 'roll_back'

interface CanaryFinding {
  readonly check: 'errors' | 'latency' | 'metric'
  readonly decision: CanaryDecision
  readonly reason: string
}

export interface CanaryJudgement {
  readonly decision: CanaryDecision
  readonly reason: string
  readonly findings: readonly CanaryFinding[]
  /** Canary minus champion. */
  readonly comparison: Comparison
}

/**
 * Whether the canary may take over. Errors and latency can end it at once; only the metric can promote it, by
 * non-inferiority: the whole interval of the difference must be better than the margin on the worse side.
 */
export function judgeCanary(input: CanaryInput): CanaryJudgement {
  const comparison = compare(input)
  const findings = [judgeErrors(input), ...judgeLatency(input), judgeMetric(input, comparison)]
  const decisive =
    findings.find((finding) => finding.decision === 'roll_back') ??
    findings.find((finding) => finding.decision === 'hold')
  const reason = decisive?.reason ?? findings.map((finding) => finding.reason).join('; ')
  return { decision: decisive?.decision ?? 'promote', reason, findings, comparison }
}

function judgeErrors({ policy, champion, canary }: CanaryInput): CanaryFinding {
  const rates = `canary failed ${countWords(canary.errors)} of ${countWords(canary.requests)} requests, champion ${countWords(champion.errors)} of ${countWords(champion.requests)}`
  const pValue = fisherExactGreater(
    { hits: canary.errors, trials: canary.requests },
    { hits: champion.errors, trials: champion.requests },
  )
  // Many failures are proof enough before the canary has seen its minimum.
  if (pValue <= policy.error_alpha) {
    return { check: 'errors', decision: 'roll_back', reason: `${rates}: more, ${pValueWords(pValue)}` }
  }
  if (Math.min(champion.requests, canary.requests) < policy.minimum_requests) {
    const needed = `at least ${countWords(policy.minimum_requests)} requests of each are needed`
    return { check: 'errors', decision: 'hold', reason: `${rates}; ${needed}` }
  }
  return { check: 'errors', decision: 'promote', reason: `${rates}: not more, ${pValueWords(pValue)}` }
}

function judgeLatency({ policy, champion, canary }: CanaryInput): CanaryFinding[] {
  if (policy.slowdown === undefined) return []
  const enough = Math.min(champion.requests, canary.requests) >= policy.minimum_requests
  if (champion.latencyP95Ms === undefined || canary.latencyP95Ms === undefined || !enough) {
    return [{ check: 'latency', decision: 'hold', reason: 'too few requests to compare latencies' }]
  }
  const ratio = canary.latencyP95Ms / champion.latencyP95Ms
  const words = `95 % of the canary's answers take at most ${shortNumber(canary.latencyP95Ms)} ms, of the champion's ${shortNumber(champion.latencyP95Ms)} ms`
  const slower = ratio > policy.slowdown
  const reason = `${words}: ${shortNumber(ratio)} times${slower ? `, allowed are ${policy.slowdown}` : ''}`
  return [{ check: 'latency', decision: slower ? 'roll_back' : 'promote', reason }]
}

function judgeMetric({ policy, rows }: CanaryInput, comparison: Comparison): CanaryFinding {
  const labels = labelCounts(rows)
  const counted =
    rows.kind === 'paired'
      ? `${countWords(labels.canary)} labels of both`
      : `${countWords(labels.canary)} and ${countWords(labels.champion)} labels`
  if (Math.min(labels.champion, labels.canary) < policy.minimum_labels) {
    const reason = `${counted} for canary and champion; at least ${countWords(policy.minimum_labels)} of each are needed`
    return { check: 'metric', decision: 'hold', reason }
  }
  if (comparison.status !== 'value') {
    return {
      check: 'metric',
      decision: 'hold',
      reason: `${policy.metric} cannot be compared: ${comparison.reason}`,
    }
  }
  const { candidate, reference, difference, interval, higherIsBetter } = comparison
  if (higherIsBetter === null) {
    return {
      check: 'metric',
      decision: 'hold',
      reason: `${policy.metric} has no better and worse; judge by log_loss or roc_auc`,
    }
  }
  const words =
    `${policy.metric} ${shortNumber(candidate)} against the champion's ${shortNumber(reference)}, ` +
    `difference ${shortNumber(difference)} [${shortNumber(interval.low)}, ${shortNumber(interval.high)}] on ${counted}`
  const worst = higherIsBetter ? -interval.low : interval.high
  const best = higherIsBetter ? -interval.high : interval.low
  if (worst < policy.margin) {
    const verdict = worst < 0 ? 'better' : `not worse by ${policy.margin}`
    return { check: 'metric', decision: 'promote', reason: `${words}: ${verdict}` }
  }
  if (best > policy.margin) {
    return { check: 'metric', decision: 'roll_back', reason: `${words}: worse by more than ${policy.margin}` }
  }
  return {
    check: 'metric',
    decision: 'hold',
    reason: `${words}: not yet sure whether it is worse by ${policy.margin}`,
  }
}

function labelCounts(rows: CanaryRows): { readonly champion: number; readonly canary: number } {
  if (rows.kind === 'paired') return { champion: rows.labels.length, canary: rows.labels.length }
  return { champion: rows.champion.labels.length, canary: rows.canary.labels.length }
}

function compare({ policy, task, rows }: CanaryInput): Comparison {
  if (rows.kind === 'independent') {
    return compareIndependent(measured(policy, task, rows.canary), measured(policy, task, rows.champion))
  }
  return comparePaired(policy.metric, {
    candidate: prepareRows({ task, labels: rows.labels, scores: rows.canaryScores }),
    reference: prepareRows({ task, labels: rows.labels, scores: rows.championScores }),
  })
}

function measured({ metric }: CanaryPolicy, task: Task, rows: LabelledRows): MetricValue {
  const found = metricNamed(measure({ task, ...rows }), metric)
  return found ?? { status: 'error', name: metric, reason: `${metric} is no metric of a ${task} task` }
}
