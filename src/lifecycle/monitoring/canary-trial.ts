import { readOutcomes, servingDirectory, type Rollout } from '#lifecycle/serving/index'
import { systemCaller } from '#platform/access/access'
import { LogHistogram } from '#platform/statistics/log-histogram'
import { requestCounts, type RequestCounts } from './canary-evidence.ts'
import { judgeCanary } from './canary-judgement.ts'
import type { VariantSide } from './canary-checks.ts'
import { overdueStep, settleOverdue, type Overdue } from './canary-overdue.ts'
import { policyFor } from './canary-policy.ts'
import type { TrialRow } from './canary-store.ts'
import type { CanaryVerdict } from './contract.ts'
import { closeOthers, openTrials } from './open-trials.ts'
import { readStep } from './read-step.ts'
import { scoreBothWays } from './score-both-ways.ts'
import type { CanaryPolicy, Monitor } from './settings.ts'
import type { TrialContext } from './trial-context.ts'

const actor = 'monitoring'
const longestReason = 1000
const promoteAgainMs = 600_000

/**
 * Judges the rollout that runs, if one does, and carries out the verdict. For the metric both versions score the same
 * requests, those that either of them answered since the rollout began: at equal labels that is several times sharper than
 * two groups of requests.
 */
export async function judgeTrials(monitor: Monitor | undefined, context: TrialContext): Promise<void> {
  const { deployment, serving } = context
  const rollout = await serving.rollouts.runningOf(deployment)
  const policy = rollout === undefined ? undefined : policyFor(rollout, monitor)
  await closeOthers(rollout, context)
  const overdue =
    rollout === undefined || policy === undefined ? undefined : await judgeRollout(rollout, policy, context)
  await settleOverdue(overdue, { ...context, monitor })
}

async function judgeRollout(
  rollout: Rollout,
  policy: CanaryPolicy,
  context: TrialContext,
): Promise<Overdue | undefined> {
  const { deployment, serving, platform } = context
  const judged: Judged[] = []
  let problem: Error | undefined
  for (const trial of await openTrials(rollout, context)) {
    // A version that cannot be scored here may still fail requests there: errors are judged all the same.
    if (policy.metric !== undefined) {
      await scoreBothWays(trial, context).catch((error: unknown) => {
        problem = error instanceof Error ? error : new Error(String(error))
      })
    }
    judged.push(await judgeIfChanged(trial, { rollout, policy }, context))
  }
  const decided = worstOf(judged)
  if (decided !== undefined && isNews(rollout, decided, platform.clock.now())) {
    await carryOut(rollout, decided.verdict, context)
  }
  const after = await serving.rollouts.runningOf(deployment)
  if (after?.id !== rollout.id) await closeOthers(after, context)
  if (problem !== undefined) throw problem
  const verdicts = judged.map(({ verdict }) => verdict)
  return after?.id === rollout.id && after.step === rollout.step
    ? overdueStep(rollout, policy, { verdicts, now: platform.clock.now() })
    : undefined
}

interface Judged {
  readonly verdict: CanaryVerdict
  /** Whether another decision or another check is behind it than before. */
  readonly isNew: boolean
}

const severity: readonly CanaryVerdict['decision'][] = ['roll_back', 'hold', 'advance', 'promote']

/** Of several that are tried at once, the worst decides for all. */
function worstOf(judged: readonly Judged[]): Judged | undefined {
  return judged.toSorted(
    (a, b) => severity.indexOf(a.verdict.decision) - severity.indexOf(b.verdict.decision),
  )[0]
}

/** What a person holds, numbers do not let go; harm ends it all the same. */
function isNews({ verdict: told, step }: Rollout, { verdict, isNew }: Judged, now: number): boolean {
  const current = told?.step === step ? told : undefined
  if (verdict.decision === 'roll_back') return true
  if (isHeldByPerson(current)) return false
  if (current?.verdict !== verdict.decision || isNew) return true
  // Still not promoted: a gate refused, or the process ended in between.
  return verdict.decision === 'promote' && now - current.time >= promoteAgainMs
}

function isHeldByPerson(told: Rollout['verdict']): boolean {
  return told?.verdict === 'hold' && !told.by.startsWith('system:') && told.by !== 'rollouts'
}

async function carryOut(
  { deployment }: Rollout,
  { decision, reason, checks, step, judgedAt }: CanaryVerdict,
  { serving }: TrialContext,
): Promise<void> {
  const evidence = { judgedAt, step, checks }
  await serving.rollouts.decide(
    deployment,
    { verdict: decision, reason: reason.slice(0, longestReason), evidence },
    systemCaller(actor),
  )
}

/** The last verdict again if nothing has changed since. */
async function judgeIfChanged(
  trial: TrialRow,
  { rollout, policy }: { readonly rollout: Rollout; readonly policy: CanaryPolicy },
  context: TrialContext,
): Promise<Judged> {
  const { store, platform, deployment } = context
  const { step, stable, candidates, strategy, stepStartedAt: since, release } = rollout
  const evidence = await readStep(trial, rollout, context)
  const outcomes = await readOutcomes(servingDirectory(platform.config.home))
  const side = (variant: string, version: number): VariantSide =>
    sideOf(requestCounts(outcomes, { deployment, variant, version, since }), evidence[variant])
  const champion = side('champion', stable.version)
  const canary = side(trial.variant, trial.canary_version)
  const forMs = release.steps[step]?.forMs
  const isOver = forMs === undefined || rollout.stepElapsedMs >= forMs
  const basis = [
    policy.metric === undefined ? '' : await store.canaries.labelBasis(trial),
    `step ${step} since ${since}${isOver ? ', over' : ''}`,
    ...[champion, canary].map(({ counts, evidence: one }) =>
      [...Object.values(counts), one?.rows ?? 0].join('/'),
    ),
    JSON.stringify(policy),
  ].join('; ')
  const last = await store.canaries.lastVerdict(trial.id)
  if (last?.basis === basis) return { verdict: last.verdict, isNew: false }
  const task = await taskOf(trial, context)
  const quality =
    policy.metric === undefined || task === undefined
      ? undefined
      : { task, rows: await store.canaries.labelled(trial) }
  const weight = rollout.variants.find(({ name }) => name === trial.variant)
  const hasTraffic = weight === undefined || weight.weight > 0 || weight.role === 'shadow'
  const steps = release.steps.length
  const judgement = judgeCanary({
    policy,
    champion,
    canary,
    quality,
    hasTraffic,
    rollout: { strategy, step, candidates, steps, isOver },
  })
  const verdict: CanaryVerdict = {
    judgedAt: new Date(platform.clock.now()).toISOString(),
    step: step + 1,
    steps,
    decision: judgement.decision,
    reason: judgement.reason,
    checks: [...judgement.checks],
    ...(judgement.comparison === undefined ? {} : { comparison: judgement.comparison }),
    labels: quality?.rows.labels.length ?? 0,
    champion: trafficOf(champion),
    canary: trafficOf(canary),
    deaths: outcomes?.deaths ?? 0,
  }
  const isNew = last === undefined || patternOf(last.verdict) !== patternOf(verdict)
  const adds = isNew || seenIn(verdict) >= 1.1 * seenIn(last.verdict)
  await store.transaction(({ canaries }) => canaries.keepVerdict(trial.id, { basis, verdict, adds }))
  return { verdict, isNew }
}

/** The log knows of answers at once, the counts a second later, and of more than the log where it keeps a sample. */
function sideOf(counts: RequestCounts, evidence: VariantSide['evidence']): VariantSide {
  const logged = new LogHistogram(evidence?.latencyMs).total
  const requests = Math.max(counts.requests, logged + counts.errors)
  return { counts: { ...counts, requests, rows: Math.max(counts.rows, evidence?.rows ?? 0) }, evidence }
}

function patternOf({ step, decision, checks }: CanaryVerdict): string {
  return [step, decision, ...checks.map(({ check, verdict }) => `${check} ${verdict}`)].join(' ')
}

/** The series of verdicts grows with the logarithm of what is seen, not with the number of looks. */
function seenIn({ champion, canary, labels }: CanaryVerdict): number {
  return champion.requests + canary.requests + champion.rows + canary.rows + labels
}

function trafficOf({ counts, evidence }: VariantSide): CanaryVerdict['champion'] {
  const latency = new LogHistogram(evidence?.latencyMs)
  const { low, high } = latency.bucketAt(Math.ceil(latency.total * 0.95))
  return {
    ...counts,
    ...(latency.total === 0 ? {} : { latencyP95Ms: (low + high) / 2 }),
  }
}

async function taskOf(
  { model, canary_model, champion_version, canary_version }: TrialRow,
  { references }: TrialContext,
) {
  return (
    (await references.referenceOf(model, champion_version))?.task ??
    (await references.referenceOf(canary_model ?? model, canary_version))?.task
  )
}
