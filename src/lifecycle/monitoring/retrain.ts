import { createHash } from 'node:crypto'
import { messageOf } from '#contract/errors'
import { systemCaller } from '#platform/access/access'
import type { Platform } from '#platform/platform'
import type { Retraining } from './contract.ts'
import { decideRetraining, type RetrainingDecision } from './retraining-policy.ts'
import type { PipelineStart, PipelineStarter } from './retraining-point.ts'
import type { RetrainingPolicy } from './settings.ts'
import type { MonitoringStore } from './store.ts'

export interface RetrainingContext {
  readonly store: MonitoringStore
  readonly starter: PipelineStarter
  readonly platform: Platform
}

/** What a pipeline run keeps of its reason. */
const reasonLength = 2000

/**
 * Decides on the alerts as they stand, keeps the decision if it is news, and starts the pipeline if that is it. A start is
 * kept before it is made, under an id made of its alerts: whatever dies when, an episode starts the pipeline once.
 */
export async function retrain(
  deployment: string,
  policy: RetrainingPolicy,
  context: RetrainingContext,
): Promise<Retraining | undefined> {
  const { store, platform } = context
  for (const interrupted of await store.retrainings.requested(deployment)) await resume(interrupted, context)
  const judged = await store.windows.latestJudged(deployment)
  if (judged === undefined) return undefined
  const alerts = await store.alerts.alerts({ monitor: deployment })
  const eventTime = new Date(judged.window_end).toISOString()
  const started = await store.retrainings.started(deployment)
  const decision = decideRetraining({ policy, alerts, started, now: eventTime })
  const [last] = await store.retrainings.list(deployment, 1)
  if (last !== undefined && isSame(last, decision)) return last
  const base = {
    monitor: deployment,
    pipeline: policy.pipeline,
    decidedAt: new Date(platform.clock.now()).toISOString(),
    eventTime,
  }
  if (decision.decision === 'hold') {
    const { why, reason } = decision
    const held: Retraining = { ...base, id: crypto.randomUUID(), decision: 'hold', why, reason, alerts: [] }
    await store.transaction((stores) => stores.retrainings.save(held, []))
    return held
  }
  const { because, reason } = decision
  const id = idOf(because)
  const requested: Retraining = {
    ...base,
    id,
    decision: 'start',
    state: 'requested',
    reason,
    alerts: [...because],
  }
  const fingerprints = alerts.filter((alert) => because.includes(alert.id)).map((alert) => alert.fingerprint)
  await store.transaction((stores) => stores.retrainings.save(requested, fingerprints))
  return start(requested, context)
}

/** A hold is news when its reason is; a start always is. */
function isSame(last: Retraining, decision: RetrainingDecision): boolean {
  return decision.decision === 'hold' && last.decision === 'hold' && last.reason === decision.reason
}

function idOf(alerts: readonly string[]): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([...alerts].sort()))
    .digest('hex')
  return `retraining-${digest.slice(0, 16)}`
}

function startOf({ id, pipeline, reason }: Retraining): PipelineStart {
  const ending = ` (${id})`
  return {
    pipeline,
    trigger: { kind: 'alert', reason: reason.slice(0, reasonLength - ending.length) + ending },
  }
}

async function start(
  requested: Retraining,
  { store, starter, platform }: RetrainingContext,
): Promise<Retraining> {
  try {
    const { runId } = await starter.startPipeline(startOf(requested), systemCaller('monitoring'))
    return await settled({ ...requested, state: 'started', runId }, store)
  } catch (error) {
    platform.log.warn(
      { retraining: requested.id, error: messageOf(error) },
      'a retraining could not be started',
    )
    return settled({ ...requested, state: 'failed', failure: messageOf(error) }, store)
  }
}

/** The process ended after it kept a start and before it knew of the run. */
async function resume(requested: Retraining, context: RetrainingContext): Promise<Retraining> {
  const { store, starter } = context
  if (starter.findStarted === undefined) return settled({ ...requested, state: 'interrupted' }, store)
  const run = await starter.findStarted(startOf(requested))
  if (run === undefined) return start(requested, context)
  return settled({ ...requested, state: 'started', runId: run.runId }, store)
}

async function settled(retraining: Retraining, store: MonitoringStore): Promise<Retraining> {
  await store.retrainings.settle(retraining)
  return retraining
}
