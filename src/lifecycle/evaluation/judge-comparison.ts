import { type Comparison, metricNamed } from './contract.ts'
import { formatBeside, formatEstimate, formatNumber } from './format-number.ts'
import type { Gate, GateResult, GateRule } from './gate.ts'
import { cannotJudge, type Evidence, resultOf, whyMissing } from './gate-evidence.ts'
import { metrics } from './measure.ts'

type ComparisonRule = Extract<GateRule, { kind: 'no_worse_than' | 'better_than' }>

export function judgeComparison(gate: Gate, rule: ComparisonRule, evidence: Evidence): GateResult {
  const higherIsBetter = metrics[gate.metric].higherIsBetter === true
  const margin = rule.kind === 'no_worse_than' ? -rule.by : rule.by
  const required = comparisonBound(rule.kind, margin, higherIsBetter)
  const reference = evidence.references[rule.reference]
  if (reference.status === 'none' && rule.reference === 'champion') {
    const reason = 'there is no champion to compare with: this is the first version'
    return { ...resultOf(gate, required), outcome: 'skipped', observed: null, reason }
  }
  if (reference.status === 'none') {
    return cannotJudge(gate, required, `there is no ${rule.reference} among the candidates`)
  }
  if (reference.status === 'unavailable') {
    return cannotJudge(gate, required, `the ${rule.reference} could not be scored: ${reference.reason}`)
  }
  const comparison = metricNamed(reference.comparisons, gate.metric)
  if (comparison?.status !== 'value') return cannotJudge(gate, required, whyMissing(gate.metric, comparison))

  const gain = gainOf(comparison, higherIsBetter)
  const judged = gate.judge === 'point' ? gain.value : gain.low
  const passed = rule.kind === 'no_worse_than' ? judged >= margin : judged > margin
  return {
    ...resultOf(gate, required),
    outcome: passed ? 'passed' : 'failed',
    observed: { value: comparison.difference, interval: comparison.interval },
    reason:
      `${gate.metric} is ${formatNumber(comparison.candidate)} against the ${rule.reference}'s ` +
      `${formatNumber(comparison.reference)}, a difference of ` +
      `${formatEstimate(comparison.difference, comparison.interval, required.bound)}: ` +
      comparisonVerdict(rule, { gate, passed, judged }),
  }
}

interface Judged {
  readonly gate: Gate
  readonly passed: boolean
  /** The gain, or the low end of its interval. */
  readonly judged: number
}

function comparisonVerdict({ kind, by }: ComparisonRule, { gate, passed, judged }: Judged): string {
  const isPoint = gate.judge === 'point'
  if (kind === 'better_than') {
    const words = `${passed ? '' : 'not '}${isPoint ? '' : 'certainly '}better`
    return by === 0 ? words : `${words} by more than ${by}`
  }
  if (passed) return `${isPoint ? '' : 'certainly '}not worse by more than ${by}`
  return `${isPoint ? 'it is worse' : 'it may be worse'} by ${formatBeside(-judged, by)}, and ${by} is allowed`
}

/** The bound of the difference candidate - reference, whichever side is better. */
function comparisonBound(
  kind: ComparisonRule['kind'],
  margin: number,
  higherIsBetter: boolean,
): GateResult['required'] {
  // Adding zero keeps -0 out of reports.
  if (!higherIsBetter) return { bound: -margin + 0, side: kind === 'better_than' ? 'less_than' : 'at_most' }
  return { bound: margin + 0, side: kind === 'better_than' ? 'more_than' : 'at_least' }
}

function gainOf(
  comparison: Extract<Comparison, { status: 'value' }>,
  higherIsBetter: boolean,
): { value: number; low: number } {
  return higherIsBetter
    ? { value: comparison.difference, low: comparison.interval.low }
    : { value: -comparison.difference, low: -comparison.interval.high }
}
