import type { Comparison, MetricValue, SliceResult } from './contract.ts'
import { describeGate, type Gate, type GateResult, type ReferenceName } from './gate.ts'

/** What is known about a model that gates compare with. */
export type ReferenceEvidence =
  | { readonly status: 'compared'; readonly comparisons: readonly Comparison[] }
  /** There is no such model: for a champion, this is the first version. */
  | { readonly status: 'none' }
  /** There is one, but it could not be scored. */
  | { readonly status: 'unavailable'; readonly reason: string }

export interface Evidence {
  readonly metrics: readonly MetricValue[]
  readonly slices: readonly SliceResult[]
  readonly references: Readonly<Record<ReferenceName, ReferenceEvidence>>
}

export function whyMissing(name: string, missing: MetricValue | Comparison | undefined): string {
  if (missing === undefined || missing.status === 'value') return `${name} was not computed`
  return `${name} ${missing.status === 'error' ? 'failed' : 'is undefined'}: ${missing.reason}`
}

export function cannotJudge(gate: Gate, required: GateResult['required'], reason: string): GateResult {
  return {
    ...resultOf(gate, required),
    outcome: 'failed',
    observed: null,
    reason: `cannot be judged, so it fails: ${reason}`,
  }
}

export function resultOf(
  gate: Gate,
  required: GateResult['required'],
): Pick<GateResult, 'gate' | 'rule' | 'required'> {
  return { gate: describeGate(gate), rule: gate, required }
}
