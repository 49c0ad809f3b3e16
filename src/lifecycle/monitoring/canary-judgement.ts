import { comparePaired, prepareRows, type Comparison, type Task } from '#lifecycle/evaluation/index'
import type { Rollout } from '#lifecycle/serving/index'
import type { PairedRows } from './canary-store.ts'
import {
  checkErrors,
  checkLatency,
  checkMetric,
  checkRefusals,
  checkScores,
  type VariantSide,
} from './canary-checks.ts'
import type { CanaryCheck, CanaryVerdict } from './contract.ts'
import type { CanaryPolicy } from './settings.ts'

export type CanaryDecision = CanaryVerdict['decision']

export interface CanaryInput {
  readonly policy: CanaryPolicy
  readonly champion: VariantSide
  readonly canary: VariantSide
  /** Labelled rows that both have scored, and the task that says what the metric means. */
  readonly quality?: { readonly task: Task; readonly rows: PairedRows } | undefined
  readonly rollout: Pick<Rollout, 'strategy' | 'step' | 'candidates'> & {
    readonly steps: number
    /** Whether the step has lasted as long as it must. */
    readonly isOver: boolean
  }
  /** Whether it answers or shadows requests. Before a switch it has none, and only labels can judge it. */
  readonly hasTraffic: boolean
}

export interface CanaryJudgement {
  readonly decision: CanaryDecision
  readonly reason: string
  readonly checks: readonly CanaryCheck[]
  /** Canary minus champion. */
  readonly comparison: Comparison | undefined
}

/**
 * What shall become of a version that is tried. Proof of harm by any check takes it back at once. A step may end when every
 * check has its minimum and none looks like harm; what is promoted must moreover be proven no worse by the metric, where one
 * is asked for: its whole interval must be better than the margin on the worse side. All intervals hold at all looks.
 */
export function judgeCanary(input: CanaryInput): CanaryJudgement {
  const { policy, champion, canary, quality, hasTraffic } = input
  const alphas = shareAlpha(input)
  const sides = { policy: ratedPolicy(input), champion, canary }
  const checks = hasTraffic
    ? [
        checkErrors({ ...sides, alpha: alphas.errors }),
        checkRefusals({ ...sides, alpha: alphas.refusals }),
        checkLatency({ ...sides, alpha: alphas.latency }),
        checkScores({ ...sides, alpha: alphas.scores }),
      ]
    : []
  const { metric } = policy
  let comparison: Comparison | undefined
  if (metric !== undefined) {
    comparison = compare(metric, quality)
    const labels = quality?.rows.labels.length ?? 0
    checks.push(checkMetric({ policy: { ...policy, metric }, comparison, labels, alpha: alphas.metric }))
  }
  return { ...decide(checks, input), checks, comparison }
}

/**
 * The chance of a false alarm, over the checks that can raise one and the steps that begin anew: by Bonferroni the parts add
 * up to no more than `alpha`. What is promoted needs no part: all checks must let it (intersection-union: Berger, Technometrics
 * 24, 1982). The metric is judged on the same rows over all steps, so it has its whole part at once.
 */
export function shareAlpha({
  policy,
  rollout,
  hasTraffic,
}: Pick<CanaryInput, 'policy' | 'rollout' | 'hasTraffic'>): Record<CanaryCheck['check'], number> {
  const { steps, candidates } = rollout
  const tried = Math.max(1, candidates.length)
  const errors = Math.min(policy.error_alpha, policy.alpha / 2 / steps)
  const others = [
    hasTraffic && ratedPolicy({ policy, rollout }).slowdown !== undefined,
    hasTraffic && policy.score_shift !== undefined,
    policy.metric !== undefined,
  ].filter(Boolean).length
  const left = (policy.alpha - (hasTraffic ? errors * steps : 0)) / Math.max(1, others)
  return {
    errors: errors / 2 / tried,
    refusals: errors / 2 / tried,
    latency: left / steps / tried,
    scores: left / steps / tried,
    metric: left / tried,
  }
}

/** A shadow's time is that of its model alone, without network and log: told, but compared with no limit. */
function ratedPolicy({ policy, rollout }: Pick<CanaryInput, 'policy' | 'rollout'>): CanaryPolicy {
  if (rollout.strategy !== 'shadow') return policy
  const { slowdown: _, ...rated } = policy
  return rated
}

function decide(
  checks: readonly CanaryCheck[],
  { rollout }: CanaryInput,
): Pick<CanaryJudgement, 'decision' | 'reason'> {
  const harm = checks.filter(({ verdict }) => verdict === 'fail')
  if (harm.length > 0) return { decision: 'roll_back', reason: words(harm) }
  const waits = checks.filter(({ verdict }) => verdict === 'wait')
  const isLast = rollout.step >= rollout.steps - 1
  // Labels come late: a step before the last need not wait for them.
  const blocking = isLast ? waits : waits.filter(({ check }) => check !== 'metric')
  if (blocking.length > 0) return { decision: 'hold', reason: words(blocking) }
  const reason = checks.length === 0 ? 'nothing to judge before it has traffic' : words(checks)
  if (rollout.strategy === 'ab')
    return { decision: 'hold', reason: `somebody decides who has won: ${reason}` }
  const promotes = isLast && rollout.isOver && rollout.strategy !== 'shadow'
  return { decision: promotes ? 'promote' : 'advance', reason }
}

function words(checks: readonly CanaryCheck[]): string {
  return checks.map(({ reason }) => reason).join('; ')
}

function compare(name: NonNullable<CanaryPolicy['metric']>, quality: CanaryInput['quality']): Comparison {
  if (quality === undefined) return { status: 'error', name, reason: 'neither version has an evaluation' }
  const { task, rows } = quality
  return comparePaired(name, {
    candidate: prepareRows({ task, labels: rows.labels, scores: rows.canaryScores }),
    reference: prepareRows({ task, labels: rows.labels, scores: rows.championScores }),
  })
}
