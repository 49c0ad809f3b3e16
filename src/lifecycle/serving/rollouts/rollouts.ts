import { randomUUIDv7 } from 'node:crypto'
import type { Caller } from '#contract/endpoint'
import { fail, messageOf } from '#contract/errors'
import { systemCaller } from '#platform/access/access'
import type { Platform } from '#platform/platform'
import type { DeployedVariant, DeploymentSettings } from '../contract.ts'
import type { Change, DeploymentChanges } from '../deployment-changes.ts'
import { settingsIn } from '../revision.ts'
import type { RevisionRow, ServingStore } from '../store.ts'
import {
  dueMove,
  variantsAt,
  type Decision,
  type Rollout,
  type RolloutVerdict,
  type RolloutVersion,
} from './rollout.ts'
import { olderCanary } from './older-canary.ts'
import { rolloutOf, rowOf } from './rollout-store.ts'
import { createStepClock } from './step-clock.ts'

export interface RolloutDecision {
  readonly verdict: Decision
  readonly reason: string
  /** Numbers behind it; kept as JSON. */
  readonly evidence?: unknown
  /** Which candidate, where there are several. */
  readonly variant?: string
  /** `advance` without waiting for the end of the step: a person's right, not a judge's. */
  readonly now?: boolean
}

export interface RolloutsDependencies {
  readonly platform: Platform
  readonly store: ServingStore
  readonly changes: DeploymentChanges
  /** Points the alias of the deployment to what has won, if the deployment follows an alias. */
  readonly promoteAlias: (
    deployment: string,
    winner: RolloutVersion,
    request: { reason: string; caller: Caller },
  ) => Promise<unknown>
  /** Whether something downstream judges the rollouts of a deployment. */
  readonly isJudged: (deployment: string) => Promise<boolean>
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number
}

export type RolloutsService = ReturnType<typeof createRollouts>

export function createRollouts(dependencies: RolloutsDependencies) {
  const { platform, store, changes, promoteAlias, isJudged, monotonicMs } = dependencies
  const { clock, log, events } = platform
  const steps = createStepClock(monotonicMs)

  const runningOf = async (deployment: string): Promise<Rollout | undefined> => {
    const row = await store.rollouts.runningOf(deployment)
    if (row !== undefined) return rolloutOf(row, await isJudged(deployment))
    const current = await store.current(deployment)
    return current === undefined ? undefined : olderCanary(current, await isJudged(deployment))
  }

  const requireRunning = async (deployment: string): Promise<Rollout> =>
    (await runningOf(deployment)) ??
    fail('conflict', `"${deployment}" has no rollout.`, {
      hint: `\`devmlops deploy ${deployment} --release\` starts one.`,
    })

  const change = (
    rollout: { readonly next: Rollout; readonly before: Rollout | undefined; readonly kind: string },
    given: Pick<Change, 'settings' | 'variants' | 'reason' | 'caller'>,
  ): Promise<RevisionRow> => changes.apply({ ...given, deployment: rollout.next.deployment, rollout })

  /** Only the rollout is written: who answers how much stays. */
  const note = async (
    next: Rollout,
    { kind, reason, evidence, caller }: { kind: string; reason: string; evidence?: unknown; caller: Caller },
  ): Promise<Rollout> => {
    await store.rollouts.put(rowOf(next), {
      time: clock.now(),
      step: next.step,
      kind,
      reason,
      evidence: evidence === undefined ? null : JSON.stringify(evidence),
      actor: caller.name,
    })
    return next
  }

  const settingsNow = async (deployment: string): Promise<DeploymentSettings> => {
    const row = await store.current(deployment)
    return row === undefined ? fail('not_found', `"${deployment}" is not deployed.`) : settingsIn(row)
  }

  const announce = async (
    rollout: Rollout,
    what: string,
    request: { reason: string; caller: Caller },
  ): Promise<void> => {
    await events.emit({
      type: 'rollout.changed',
      subject: `deployment/${rollout.deployment}`,
      actor: request.caller.name,
      payload: {
        rollout: rollout.id,
        strategy: rollout.strategy,
        what,
        step: rollout.step,
        reason: request.reason,
      },
    })
  }

  type Request = { readonly reason: string; readonly caller: Caller }

  const toStep = async (before: Rollout, step: number, request: Request): Promise<Rollout> => {
    const next: Rollout = { ...before, step, stepStartedAt: clock.now(), stepElapsedMs: 0 }
    steps.forget(before.id)
    await change(
      { next, before, kind: 'step' },
      { ...request, settings: await settingsNow(before.deployment), variants: variantsAt(next) },
    )
    await announce(next, 'step', request)
    return next
  }

  const finish = async (
    before: Rollout,
    end: { readonly state: 'promoted' | 'rolled_back' | 'ended'; readonly champion: RolloutVersion },
    request: Request,
  ): Promise<Rollout> => {
    const next: Rollout = { ...before, state: end.state, endedAt: clock.now() }
    const champion: DeployedVariant = { ...end.champion, name: 'champion', weight: 100 }
    await change(
      { next, before, kind: end.state },
      { ...request, settings: await settingsNow(before.deployment), variants: [champion] },
    )
    steps.forget(before.id)
    await announce(next, end.state, request)
    return next
  }

  const promote = async (
    rollout: Rollout,
    variant: string | undefined,
    request: Request,
  ): Promise<Rollout> => {
    const winner = winnerOf(rollout, variant)
    // The alias first: its gates may refuse, and after a crash in between the deployment follows it.
    await promoteAlias(rollout.deployment, winner, request)
    return finish(rollout, { state: 'promoted', champion: winner }, request)
  }

  const decideNow = async (
    deployment: string,
    { verdict, reason, evidence, variant, now = false }: RolloutDecision,
    caller: Caller,
  ): Promise<Rollout> => {
    const rollout = await requireRunning(deployment)
    const judged: RolloutVerdict = {
      verdict,
      reason,
      evidence: evidence ?? null,
      time: clock.now(),
      by: caller.name,
      step: rollout.step,
    }
    const next = await note({ ...rollout, verdict: judged }, { kind: verdict, reason, evidence, caller })
    const request = { reason, caller }
    if (verdict === 'roll_back') return finish(next, { state: 'rolled_back', champion: next.stable }, request)
    if (verdict === 'promote') return promote(next, variant, request)
    return move(now ? { ...next, stepElapsedMs: Infinity } : next, caller)
  }

  const move = async (rollout: Rollout, caller: Caller): Promise<Rollout> => {
    const due = dueMove(rollout)
    if (due === undefined) return rollout
    const current = { ...rollout, stepElapsedMs: Math.min(rollout.stepElapsedMs, Number.MAX_SAFE_INTEGER) }
    const request = { reason: due.reason.slice(0, 1000), caller }
    if (due.to === 'next_step') return toStep(current, rollout.step + 1, request)
    if (due.to === 'promote') return promote(current, undefined, request)
    return finish(current, { state: 'ended', champion: current.stable }, request)
  }

  /** Counts the time of a step and moves on when it is over. */
  const tickOne = async (row: Rollout): Promise<void> => {
    const rollout = { ...row, stepElapsedMs: steps.count(row) }
    const isDue = dueMove(rollout) !== undefined
    if (steps.isKeepDue(row.id) || isDue) await store.rollouts.setElapsed(row.id, rollout.stepElapsedMs)
    if (!isDue) return
    try {
      await move(rollout, systemCaller('rollouts'))
    } catch (error) {
      const reason = messageOf(error).slice(0, 1000)
      log.warn({ deployment: row.deployment, error: reason }, 'a rollout could not go on')
      const before = row.verdict
      if (before?.step === row.step && before.verdict === 'hold' && before.reason === reason) return
      const verdict: RolloutVerdict = {
        verdict: 'hold',
        reason,
        evidence: null,
        time: clock.now(),
        by: 'rollouts',
        step: row.step,
      }
      await note({ ...rollout, verdict }, { kind: 'hold', reason, caller: systemCaller('rollouts') })
    }
  }

  return {
    /** What is on its way now, with what whoever judges needs. */
    running: async (): Promise<Rollout[]> => {
      const rows = await store.rollouts.running()
      const found = await Promise.all(
        rows.map(async (row) => steps.seen(rolloutOf(row, await isJudged(row.deployment)))),
      )
      const known = new Set(found.map(({ deployment }) => deployment))
      for (const row of await store.allCurrent()) {
        if (known.has(row.deployment) || row.state !== 'active') continue
        const older = olderCanary(row, await isJudged(row.deployment))
        if (older !== undefined) found.push(older)
      }
      return found
    },

    runningOf,

    /** All of a deployment, newest first. */
    history: async (deployment: string, limit = 50): Promise<Rollout[]> =>
      (await store.rollouts.history(deployment, limit)).map((row) => rolloutOf(row, false)),

    notes: (rollout: string) => store.rollouts.notes(rollout),

    /**
     * Says what shall become of the rollout that runs. `promote` and `roll_back` are done at once; `advance` lets the step
     * end when its time is over; `hold` keeps it until another verdict. Fails with `conflict` without a rollout.
     */
    decide: (deployment: string, decision: RolloutDecision, caller: Caller): Promise<Rollout> =>
      changes.inTurn(() => decideNow(deployment, decision, caller)),

    /** In the caller's turn. Replaces a rollout of the same deployment. */
    start: async (
      {
        deployment,
        release,
        stable,
        candidates,
        settings,
      }: Pick<Rollout, 'deployment' | 'release' | 'stable' | 'candidates'> & {
        readonly settings: DeploymentSettings
      },
      request: Request,
    ): Promise<RevisionRow> => {
      const running = await store.rollouts.runningOf(deployment)
      const time = clock.now()
      if (running !== undefined) {
        const replaced = { ...rolloutOf(running, false), state: 'ended' as const, endedAt: time }
        await note(replaced, { kind: 'ended', reason: `replaced: ${request.reason}`, caller: request.caller })
      }
      const next: Rollout = {
        id: randomUUIDv7(),
        deployment,
        strategy: release.strategy,
        state: 'running',
        release,
        stable,
        candidates,
        variants: [],
        step: 0,
        startedAt: time,
        stepStartedAt: time,
        stepElapsedMs: 0,
        judged: release.analysis !== undefined || (await isJudged(deployment)),
        policy: release.analysis,
        verdict: undefined,
        endedAt: undefined,
        startedBy: request.caller.name,
        reason: request.reason,
      }
      const row = await change(
        { next, before: undefined, kind: 'started' },
        { ...request, settings, variants: variantsAt(next) },
      )
      await announce(next, 'started', request)
      return row
    },

    /** In the caller's turn: the rollout that runs goes on beside another champion, or ends because its candidate is it. */
    withChampion: (rollout: Rollout, champion: RolloutVersion): Rollout => {
      const time = clock.now()
      if (
        rollout.candidates.some(
          ({ model, version }) => model === champion.model && version === champion.version,
        )
      ) {
        return { ...rollout, state: 'promoted', stable: champion, endedAt: time }
      }
      steps.forget(rollout.id)
      // What was seen was seen beside another champion.
      return { ...rollout, stable: champion, stepStartedAt: time, stepElapsedMs: 0, verdict: undefined }
    },

    /** For a change that ends the rollout that runs. */
    ended: (before: Rollout, state: 'rolled_back' | 'ended'): NonNullable<Change['rollout']> => {
      steps.forget(before.id)
      return { next: { ...before, state, endedAt: clock.now() }, before, kind: state }
    },

    /** Moves on what is due; called every few seconds. */
    tick: (): Promise<void> =>
      changes.inTurn(async () => {
        for (const row of await store.rollouts.running()) {
          const current = await store.current(row.deployment)
          if (current?.state === 'active') await tickOne(rolloutOf(row, await isJudged(row.deployment)))
        }
      }),
  }
}

function winnerOf({ deployment, candidates }: Rollout, variant: string | undefined): RolloutVersion {
  const known = candidates.map(({ name }) => name).join(', ')
  if (variant === undefined && candidates.length > 1) {
    fail('invalid_input', `Which variant of "${deployment}" has won? It has ${known}.`, { at: 'variant' })
  }
  return (
    candidates.find(({ name }) => variant === undefined || name === variant) ??
    fail('not_found', `"${deployment}" has no variant "${variant}"; it tries ${known}.`, { at: 'variant' })
  )
}
