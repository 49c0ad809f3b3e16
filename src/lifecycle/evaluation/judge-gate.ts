import { type Interval, metricNamed, type SliceResult } from './contract.ts'
import { formatEstimate } from './format-number.ts'
import { type Gate, type GateResult, type GateRule, ruleOf, sideWords } from './gate.ts'
import { cannotJudge, type Evidence, resultOf, whyMissing } from './gate-evidence.ts'
import { judgeComparison } from './judge-comparison.ts'

/**
 * Judges gates on the numbers. What cannot be computed fails and says why; the one exception is a comparison
 * with a champion that does not exist yet, which is skipped in plain sight.
 */
export function judgeGates(gates: readonly Gate[], evidence: Evidence): readonly GateResult[] {
  return gates.map((gate) => {
    const rule = ruleOf(gate)
    if (rule.kind === 'floor') return judgeFloor(gate, rule, evidence)
    if (rule.kind === 'worst_slice') return judgeWorstSlice(gate, rule, evidence)
    return judgeComparison(gate, rule, evidence)
  })
}

type FloorRule = Extract<GateRule, { kind: 'floor' }>
type SliceRule = Extract<GateRule, { kind: 'worst_slice' }>

function judgeFloor(gate: Gate, rule: FloorRule, evidence: Evidence): GateResult {
  const required = { bound: rule.bound, side: rule.side }
  const metric = metricNamed(evidence.metrics, gate.metric)
  if (metric?.status !== 'value') return cannotJudge(gate, required, whyMissing(gate.metric, metric))
  const judged = judgedNumber(gate, metric, rule.side)
  const passed = holds(judged, rule)
  const estimate = formatEstimate(metric.value, metric.interval, rule.bound)
  const subject =
    gate.judge === 'interval' ? `the interval of ${gate.metric} ${estimate}` : `${gate.metric} ${estimate}`
  return {
    ...resultOf(gate, required),
    outcome: passed ? 'passed' : 'failed',
    observed: { value: metric.value, interval: metric.interval },
    reason: `${subject} is ${passed ? '' : 'not '}${sideWords[rule.side]} ${rule.bound}`,
  }
}

function judgeWorstSlice(gate: Gate, rule: SliceRule, evidence: Evidence): GateResult {
  const required = { bound: rule.bound, side: rule.side }
  const fault = sliceFault(gate, evidence.slices)
  if (fault !== undefined) return cannotJudge(gate, required, fault)
  const chosen = chosenSlices(gate, evidence.slices)
  const judged = chosen.flatMap((slice) => {
    const metric = metricNamed(slice.metrics, gate.metric)
    return metric?.status === 'value'
      ? [{ slice, metric, number: judgedNumber(gate, metric, rule.side) }]
      : []
  })
  const worse = rule.side === 'at_least' ? -1 : 1
  const worst = judged.reduce((found, next) => ((next.number - found.number) * worse > 0 ? next : found))
  const passed = holds(worst.number, rule)
  const tooSmall = chosen.length - judged.length
  const scope = `${counted(judged.length, 'slice')} judged${tooSmall === 0 ? '' : `, ${tooSmall} too small to judge`}`
  const estimate = formatEstimate(worst.metric.value, worst.metric.interval, rule.bound)
  return {
    ...resultOf(gate, required),
    outcome: passed ? 'passed' : 'failed',
    observed: { value: worst.metric.value, interval: worst.metric.interval },
    reason:
      `the worst slice, ${worst.slice.name}, has ${gate.metric} ${estimate}, ` +
      `which is ${passed ? '' : 'not '}${sideWords[rule.side]} ${rule.bound} (${scope})`,
  }
}

/** The value, or for `judge: interval` the end of the interval that is most likely to break the rule. */
function judgedNumber(
  gate: Gate,
  { value, interval }: { readonly value: number; readonly interval: Interval },
  side: FloorRule['side'],
): number {
  if (gate.judge !== 'interval') return value
  if (side === 'at_least') return interval.low
  if (side === 'at_most') return interval.high
  return Math.abs(interval.low) > Math.abs(interval.high) ? interval.low : interval.high
}

function holds(value: number, { side, bound }: FloorRule | SliceRule): boolean {
  if (side === 'at_least') return value >= bound
  if (side === 'at_most') return value <= bound
  return Math.abs(value) <= bound
}

function chosenSlices(gate: Gate, slices: readonly SliceResult[]): readonly SliceResult[] {
  return gate.slices === undefined
    ? slices
    : slices.filter(
        ({ name, column }) => gate.slices?.includes(name) === true || gate.slices?.includes(column) === true,
      )
}

/**
 * Why the worst slice is not known: being too small is a stated limit, anything else is a hole in the
 * evidence.
 */
function sliceFault(gate: Gate, slices: readonly SliceResult[]): string | undefined {
  const unmatched = gate.slices?.find(
    (wanted) => !slices.some(({ name, column }) => name === wanted || column === wanted),
  )
  if (unmatched !== undefined) return `no slice is called ${unmatched}, nor made by it`
  const chosen = chosenSlices(gate, slices)
  if (chosen.length === 0) return 'the model has no slices'
  let judged = 0
  for (const slice of chosen) {
    const metric = metricNamed(slice.metrics, gate.metric)
    if (metric?.status === 'value') judged += 1
    else if (!slice.tooSmall || (slice.named && slice.n === 0)) {
      return `slice ${slice.name}: ${whyMissing(gate.metric, metric)}`
    }
  }
  return judged === 0 ? `all ${chosen.length} slices are too small` : undefined
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
