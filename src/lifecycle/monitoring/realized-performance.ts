import {
  compareIndependent,
  measure,
  metricNamed,
  type MetricValue,
  type Task,
} from '#lifecycle/evaluation/index'
import type { Verdict } from './findings.ts'
import type { PerformanceRule } from './settings.ts'
import { countWords, percent, shortNumber } from './figures.ts'

export interface LabelledRows {
  /** The truth, 0 or 1 for a binary task. One number a row. */
  readonly labels: Float64Array
  /** What the model said about the same rows. */
  readonly scores: Float64Array
}

export interface PerformanceInput {
  readonly task: Task
  readonly rules: readonly PerformanceRule[]
  /** Rows of the window whose labels have arrived. */
  readonly labelled: LabelledRows
  /** The metrics of `labelled`, where they are known already. */
  readonly measured?: readonly MetricValue[]
  /** Predictions of the window, labelled or not. */
  readonly predictions: number
  /** The model's metrics at its evaluation, for `worse_than_reference_by`. */
  readonly reference?: readonly MetricValue[]
}

export interface RealizedPerformance {
  /** The rule in words, such as `roc_auc at least 0.66`. */
  readonly subject: string
  readonly verdict: Verdict
  readonly metric: MetricValue
  readonly labels: number
  /** Share of the predictions that have a label. */
  readonly coverage: number
  readonly reason: string
}

/** A value and how sure it is, compared with what is wanted; `excess` above zero is on the bad side. */
interface Measured {
  readonly words: string
  readonly limit: string
  readonly excess: { readonly point: number; readonly surely: number }
}

/**
 * One result for each rule. Breached means that the whole interval is on the bad side (or the value, with `judge: point`);
 * clean, that the value is on the good side. In between nothing is known: too few labels to tell.
 */
export function judgePerformance(input: PerformanceInput): RealizedPerformance[] {
  const { task, labelled, predictions } = input
  const values = input.measured ?? measure({ task, labels: labelled.labels, scores: labelled.scores })
  const labels = labelled.labels.length
  const coverage = predictions === 0 ? 0 : labels / predictions
  return input.rules.map((rule) => {
    const subject = describeRule(rule)
    const metric = metricNamed(values, rule.metric) ?? foreign(rule, task)
    const reference = metricNamed(input.reference ?? [], rule.metric)
    const { verdict, reason } = judgeRule(rule, { metric, reference, labels, coverage })
    return { subject, verdict, metric, labels, coverage, reason: `${subject}: ${reason}` }
  })
}

function foreign({ metric }: PerformanceRule, task: Task): MetricValue {
  return { status: 'error', name: metric, reason: `${metric} is no metric of a ${task} task` }
}

/** The rule in words; also its identity, so that a changed threshold is a new alert. */
export function describeRule(rule: PerformanceRule): string {
  if (rule.at_least !== undefined) return `${rule.metric} at least ${rule.at_least}`
  if (rule.at_most !== undefined) return `${rule.metric} at most ${rule.at_most}`
  if (rule.within !== undefined) return `${rule.metric} within ±${rule.within}`
  return `${rule.metric} not worse than at evaluation by ${rule.worse_than_reference_by}`
}

interface Facts {
  readonly metric: MetricValue
  readonly reference: MetricValue | undefined
  readonly labels: number
  readonly coverage: number
}

interface Judged {
  readonly verdict: Verdict
  readonly reason: string
}

function judgeRule(rule: PerformanceRule, facts: Facts): Judged {
  const { metric, labels, coverage } = facts
  const covered = `${countWords(labels)} labels, ${percent(coverage)} of the predictions`
  if (labels < rule.minimum_labels) {
    return unknown(`${covered}; at least ${countWords(rule.minimum_labels)} are needed`)
  }
  if (coverage < rule.minimum_coverage) {
    return unknown(`${covered}; at least ${percent(rule.minimum_coverage)} are needed`)
  }
  if (metric.status !== 'value') return unknown(metric.reason)
  const measured = rule.worse_than_reference_by === undefined ? absolute(rule, metric) : relative(rule, facts)
  if (typeof measured === 'string') return unknown(measured)
  const { words, limit, excess } = measured
  if ((rule.judge === 'point' ? excess.point : excess.surely) > 0) {
    return { verdict: 'breached', reason: `${words} ${limit} (${covered})` }
  }
  if (excess.point > 0) return unknown(`${words} ${limit}, but its interval is not (${covered})`)
  return { verdict: 'clean', reason: `${words} (${covered})` }
}

function unknown(reason: string): Judged {
  return { verdict: 'unknown', reason }
}

type KnownMetric = Extract<MetricValue, { status: 'value' }>

function absolute(rule: PerformanceRule, { value, interval }: KnownMetric): Measured {
  const words = withInterval(value, interval)
  if (rule.at_least !== undefined) {
    const excess = { point: rule.at_least - value, surely: rule.at_least - interval.high }
    return { words, limit: `is below ${rule.at_least}`, excess }
  }
  if (rule.at_most !== undefined) {
    const excess = { point: value - rule.at_most, surely: interval.low - rule.at_most }
    return { words, limit: `is above ${rule.at_most}`, excess }
  }
  const within = rule.within as number
  const excess = {
    point: Math.abs(value) - within,
    surely: Math.max(interval.low - within, -within - interval.high),
  }
  return { words, limit: `is further from zero than ${within}`, excess }
}

function relative(rule: PerformanceRule, { metric, reference }: Facts): Measured | string {
  if (reference === undefined) return `the model was evaluated without ${rule.metric}`
  const compared = compareIndependent(metric, reference)
  if (compared.status !== 'value') return compared.reason
  if (compared.higherIsBetter === null)
    return `${rule.metric} has no better and worse; use within, at_least or at_most`
  const worse = compared.higherIsBetter ? -compared.difference : compared.difference
  const surely = compared.higherIsBetter ? -compared.interval.high : compared.interval.low
  const allowed = rule.worse_than_reference_by as number
  return {
    words: `${shortNumber(compared.candidate)} against ${shortNumber(compared.reference)} at evaluation, difference ${withInterval(compared.difference, compared.interval)}`,
    limit: `is worse by more than ${allowed}`,
    excess: { point: worse - allowed, surely: surely - allowed },
  }
}

function withInterval(value: number, { low, high }: { readonly low: number; readonly high: number }): string {
  return `${shortNumber(value)} [${shortNumber(low)}, ${shortNumber(high)}]`
}
