import type { Caller } from '#contract/endpoint'
import { messageOf } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { DeployedVariant, DeploymentSettings } from './contract.ts'
import type { ServingPlanInput, ServingStatus } from './plan.ts'
import { isSameState, stateIn, variantsOf } from './revision.ts'
import type { Rollout } from './rollouts/rollout.ts'
import { rowOf } from './rollouts/rollout-store.ts'
import type { ServingHost } from './serving-host-point.ts'
import type { RevisionRow, ServingStore } from './store.ts'

export interface Change {
  readonly deployment: string
  readonly settings: DeploymentSettings
  readonly variants: readonly DeployedVariant[]
  readonly state?: 'active' | 'stopped'
  readonly reason: string
  readonly caller: Caller
  /** The rollout as it shall be, and as it was; it is written together with the revision. */
  readonly rollout?: { readonly next: Rollout; readonly before: Rollout | undefined; readonly kind: string }
  /** The revision that this goes back to. */
  readonly restored?: number
}

export interface ChangesDependencies {
  readonly platform: Platform
  readonly store: ServingStore
  readonly host: ServingHost
  plan(rows: readonly RevisionRow[], revision: number): Promise<ServingPlanInput>
  wide(): Promise<Pick<ServingPlanInput, 'wideDigest'>>
}

/** How a deployment changes: one after the other, written before it is done, and taken back when it cannot be done. */
export function createDeploymentChanges({ platform, store, host, plan, wide }: ChangesDependencies) {
  const { events, clock, log } = platform

  /** Keys or settings of all endpoints changed. A mistake in devmlops.yaml changes nothing that answers. */
  const isWideNew = async ({ wideDigest }: ServingStatus): Promise<boolean> => {
    try {
      return (await wide()).wideDigest !== (wideDigest ?? '')
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the settings of serving cannot be read')
      return false
    }
  }

  /** Brings the serving process to what the store says. */
  const reconcile = async (): Promise<void> => {
    const rows = await store.allCurrent()
    if (rows.length === 0) return
    await host.start()
    const revision = Math.max(...rows.map((row) => row.revision))
    const status = await host.status()
    if (status?.revision !== revision || (await isWideNew(status)))
      await host.apply(await plan(rows, revision))
    // Without a process nothing has taken anything: that is for the next server to say.
    if (host.url() === undefined) return
    const waiting = rows.filter(({ live_at }) => live_at === 0)
    await store.markLive(
      waiting.map((row) => row.revision),
      clock.now(),
    )
  }

  // Each sees what the one before left.
  let tail: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = tail.then(work, work)
    tail = next.catch(() => undefined)
    return next
  }

  const noteOf = ({ next, kind }: NonNullable<Change['rollout']>, { reason, caller }: Change) => ({
    time: clock.now(),
    step: next.step,
    kind,
    reason,
    evidence: null,
    actor: caller.name,
  })

  /** Puts back what was before a change that the serving process refused. */
  const takeBack = async (
    change: Change,
    written: RevisionRow,
    before: RevisionRow | undefined,
    why: string,
  ) => {
    const { revision: _, live_at: __, ...undo } = before ?? { ...written, state: 'stopped' as const }
    const reason = `back, because: ${why}`
    const time = clock.now()
    const actor = change.caller.name
    const { rollout } = change
    const restored =
      rollout === undefined
        ? undefined
        : (rollout.before ?? { ...rollout.next, state: 'ended' as const, endedAt: time })
    await store.append({
      revision: { ...undo, time, actor, reason, restored: before?.revision ?? null },
      after: written.revision,
      ...(restored === undefined
        ? {}
        : {
            rollout: {
              row: rowOf(restored),
              note: { time, step: restored.step, kind: 'refused', reason: why, evidence: null, actor },
            },
          }),
    })
    await events.emit({
      type: 'deployment.refused',
      subject: `deployment/${change.deployment}`,
      actor,
      payload: { revision: written.revision, reason: why, tried: change.reason, variants: change.variants },
    })
    await reconcile().catch((again: unknown) =>
      log.error({ error: messageOf(again) }, 'serving could not go back'),
    )
  }

  /** Writes a change and brings the serving process to it. Answers the revision that holds then. */
  const apply = async (change: Change): Promise<RevisionRow> => {
    const { deployment, settings, variants, state = 'active', reason, caller, rollout, restored } = change
    const before = await store.current(deployment)
    if (
      before !== undefined &&
      rollout === undefined &&
      isSameState(stateIn(before), { state, settings, variants })
    ) {
      await reconcile()
      return before
    }
    // Written first, then done: after a crash in between, the next start brings the process to what is written.
    const written = await store.append({
      revision: {
        deployment,
        state,
        model: settings.model,
        settings: JSON.stringify(settings),
        variants: JSON.stringify(variants),
        time: clock.now(),
        actor: caller.name,
        reason,
        rollout: rollout?.next.state === 'running' ? rollout.next.id : null,
        restored: restored ?? null,
      },
      after: before?.revision,
      ...(rollout === undefined
        ? {}
        : { rollout: { row: rowOf(rollout.next), note: noteOf(rollout, change) } }),
    })
    try {
      await reconcile()
    } catch (error) {
      await takeBack(change, written, before, messageOf(error))
      throw error
    }
    await events.emit({
      type: 'deployment.changed',
      subject: `deployment/${deployment}`,
      actor: caller.name,
      payload: { revision: written.revision, state, variants: variantsOf(written), reason },
    })
    return written
  }

  return { apply, reconcile, inTurn }
}

export type DeploymentChanges = ReturnType<typeof createDeploymentChanges>
