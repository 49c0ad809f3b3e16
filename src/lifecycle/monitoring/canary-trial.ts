import { messageOf } from '#contract/errors'
import type { Task } from '#lifecycle/evaluation/index'
import { readPredictions, type PredictionCursor, type ServingService } from '#lifecycle/serving/index'
import { systemCaller } from '#platform/access/access'
import type { Platform } from '#platform/platform'
import { judgeCanary, type VariantTraffic } from './canary-judgement.ts'
import type { TrialRow } from './canary-store.ts'
import type { CanaryVerdict } from './contract.ts'
import { scoreBothWays, type PairScoring } from './score-both-ways.ts'
import type { CanaryPolicy } from './settings.ts'

export type WatchedServing = Pick<ServingService, 'list' | 'get' | 'revisions' | 'endCanary'>

export interface TrialContext extends PairScoring {
  readonly deployment: string
  readonly serving: WatchedServing
  readonly platform: Platform
}

/**
 * Judges the canary that runs, if one does, and carries out the verdict. Both versions score the same requests, those that
 * either of them answered since the trial began: at equal labels that is several times sharper than two groups of requests.
 */
export async function judgeTrial(policy: CanaryPolicy, context: TrialContext): Promise<void> {
  const trial = await currentTrial(context)
  await closeOthers(trial, context)
  if (trial === undefined) return
  await scoreBothWays(trial, context)
  const verdict = await judgeIfChanged(trial, policy, context)
  if (verdict === undefined || verdict.decision === 'hold') return
  await context.serving.endCanary(
    context.deployment,
    { verdict: verdict.decision, reason: verdict.reason.slice(0, 1000) },
    systemCaller('monitoring'),
  )
  await closeOthers(undefined, context)
}

/** The trial of the canary that runs. It begins with the first revision that had just this champion and this canary. */
async function currentTrial(context: TrialContext): Promise<TrialRow | undefined> {
  const { deployment, directory, serving, store } = context
  const revisions = await serving.revisions(deployment)
  const pairOf = ({ state, variants }: (typeof revisions)[number]): string | undefined => {
    const champion = variants.find(({ name }) => name === 'champion')
    const canary = variants.find(({ name }) => name === 'canary')
    if (state !== 'active' || champion === undefined || canary === undefined) return undefined
    return `${champion.model}@${champion.version}-${canary.version}`
  }
  const [newest] = revisions
  const pair = newest === undefined ? undefined : pairOf(newest)
  if (pair === undefined) return undefined
  const other = revisions.findIndex((revision) => pairOf(revision) !== pair)
  const first = revisions.at(other === -1 ? -1 : other - 1) as (typeof revisions)[number]
  const id = `${deployment}/${pair}/r${first.revision}`
  const known = await store.canaries.trial(id)
  if (known !== undefined) return known.state === 'running' ? known : undefined
  const champion = first.variants.find(({ name }) => name === 'champion') as (typeof first.variants)[number]
  const canary = first.variants.find(({ name }) => name === 'canary') as (typeof first.variants)[number]
  const begin = await cursorBefore(directory, first.time)
  await store.canaries.begin({
    id,
    deployment,
    model: champion.model,
    champion_version: champion.version,
    canary_version: canary.version,
    revision: first.revision,
    started_at: first.time,
    segment: begin.segment,
    byte_offset: begin.offset,
    state: 'running',
    ended_at: null,
    reason: null,
  })
  return store.canaries.trial(id)
}

/** The beginning of a segment before which nothing is as late as `time`. */
async function cursorBefore(directory: string, time: number): Promise<PredictionCursor> {
  let before: PredictionCursor = { segment: 0, offset: 0 }
  for (;;) {
    // The first record of the next segment that has any.
    const { records, next } = await readPredictions({
      directory,
      after: { segment: before.segment + 1, offset: 0 },
      limit: 1,
    })
    const [record] = records
    if (record === undefined || next === undefined || record.time >= time) return before
    before = { segment: next.segment, offset: 0 }
  }
}

/** Trials that run no more, because of a verdict or because someone ended them. */
async function closeOthers(
  current: TrialRow | undefined,
  { deployment, store, serving, platform }: TrialContext,
) {
  const open = (await store.canaries.trials(deployment)).filter(
    (trial) => trial.state === 'running' && trial.id !== current?.id,
  )
  if (open.length === 0) return
  const revisions = (await serving.revisions(deployment)).toReversed()
  for (const trial of open) {
    const ended = revisions.find(
      ({ revision, variants, state }) =>
        revision > trial.revision &&
        (state !== 'active' ||
          !variants.some(({ name, version }) => name === 'canary' && version === trial.canary_version)),
    )
    const champion = ended?.variants.find(({ name }) => name === 'champion')
    const promoted = ended?.state === 'active' && champion?.version === trial.canary_version
    await store.canaries.end(trial.id, {
      state: promoted ? 'promoted' : 'rolled_back',
      ended_at: ended?.time ?? platform.clock.now(),
      reason: ended?.reason ?? 'the champion changed',
    })
  }
}

/** The last verdict again if nothing has changed since: every look raises the chance of a false one. */
async function judgeIfChanged(
  trial: TrialRow,
  policy: CanaryPolicy,
  context: TrialContext,
): Promise<CanaryVerdict | undefined> {
  const { store, platform } = context
  const champion = await trafficOf('champion', trial, context)
  const canary = await trafficOf('canary', trial, context)
  const counts = [champion, canary].map(({ requests, errors }) => `${requests} requests, ${errors} errors`)
  const basis = [await store.canaries.labelBasis(trial), ...counts, JSON.stringify(policy)].join('; ')
  const last = await store.canaries.lastVerdict(trial.id)
  if (last?.basis === basis) return last.verdict
  const task = await taskOf(trial, context)
  if (task === undefined) {
    platform.log.warn(
      { trial: trial.id },
      'neither version has an evaluation, so the canary cannot be judged',
    )
    return undefined
  }
  const rows = await store.canaries.labelled(trial)
  const judgement = judgeCanary({ policy, task, champion, canary, rows: { kind: 'paired', ...rows } })
  const verdict: CanaryVerdict = {
    judgedAt: new Date(platform.clock.now()).toISOString(),
    decision: judgement.decision,
    reason: judgement.reason,
    findings: [...judgement.findings],
    comparison: judgement.comparison,
    labels: rows.labels.length,
    champion,
    canary,
  }
  await store.transaction(({ canaries }) => canaries.addVerdict(trial.id, basis, verdict))
  return verdict
}

async function taskOf(
  { model, champion_version, canary_version }: TrialRow,
  { references }: TrialContext,
): Promise<Task | undefined> {
  return (
    (await references.referenceOf(model, champion_version))?.task ??
    (await references.referenceOf(model, canary_version))?.task
  )
}

/** Requests and errors as the serving process counts them; after a restart of it, at least what the log holds. */
async function trafficOf(
  variant: 'champion' | 'canary',
  trial: TrialRow,
  { deployment, store, serving, platform }: TrialContext,
): Promise<VariantTraffic> {
  const { rows, latencyP95Ms } = await store.canaries.answered(trial.id, variant)
  const latency = latencyP95Ms === undefined ? {} : { latencyP95Ms }
  const view = await serving.get(deployment).catch((error: unknown) => {
    platform.log.warn({ deployment, error: messageOf(error) }, 'the serving process does not say its counts')
    return undefined
  })
  const counted = view?.live?.variants.find(({ name }) => name === variant)
  return { requests: Math.max(counted?.requests ?? 0, rows), errors: counted?.errors ?? 0, ...latency }
}
