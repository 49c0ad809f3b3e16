import { sql, type Kysely } from 'kysely'
import type { ServingTables } from '../tables.ts'
import type { Rollout, RolloutState, RolloutVerdict } from './rollout.ts'
import { variantsAt, type RolloutVersion } from './rollout.ts'
import type { Release, Strategy } from '../deployment/rollout.ts'

export type RolloutRow = ServingTables['rollouts']
export type NoteRow = ServingTables['rollout_notes']
export type RolloutNote = Omit<NoteRow, 'rollout' | 'number'>

/** All SQL about rollouts. */
export function createRolloutStore(query: Kysely<ServingTables>) {
  return {
    running: (): Promise<RolloutRow[]> =>
      query.selectFrom('rollouts').selectAll().where('state', '=', 'running').orderBy('deployment').execute(),

    runningOf: (deployment: string): Promise<RolloutRow | undefined> =>
      query
        .selectFrom('rollouts')
        .selectAll()
        .where('deployment', '=', deployment)
        .where('state', '=', 'running')
        .executeTakeFirst(),

    history: (deployment: string, limit: number): Promise<RolloutRow[]> =>
      query
        .selectFrom('rollouts')
        .selectAll()
        .where('deployment', '=', deployment)
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),

    notes: (rollout: string): Promise<NoteRow[]> =>
      query
        .selectFrom('rollout_notes')
        .selectAll()
        .where('rollout', '=', rollout)
        .orderBy('number')
        .execute(),

    /** Inside the caller's transaction. */
    put: async (row: RolloutRow, note: RolloutNote): Promise<void> => {
      await query
        .insertInto('rollouts')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute()
      const { last } = await query
        .selectFrom('rollout_notes')
        .select(sql<number>`coalesce(max(number), 0)`.as('last'))
        .where('rollout', '=', row.id)
        .executeTakeFirstOrThrow()
      await query
        .insertInto('rollout_notes')
        .values({ ...note, rollout: row.id, number: last + 1 })
        .execute()
    },

    setElapsed: async (id: string, stepElapsedMs: number): Promise<void> => {
      await query
        .updateTable('rollouts')
        .set({ step_elapsed_ms: Math.round(stepElapsedMs) })
        .where('id', '=', id)
        .execute()
    },
  }
}

export function rolloutOf(row: RolloutRow, judged: boolean): Rollout {
  const release = JSON.parse(row.release) as Release
  const position = {
    release,
    stable: JSON.parse(row.stable) as RolloutVersion,
    candidates: JSON.parse(row.candidates) as RolloutVersion[],
    step: row.step,
  }
  return {
    ...position,
    id: row.id,
    deployment: row.deployment,
    strategy: row.strategy as Strategy,
    state: row.state as RolloutState,
    variants: variantsAt(position),
    startedAt: row.started_at,
    stepStartedAt: row.step_started_at,
    stepElapsedMs: row.step_elapsed_ms,
    judged: judged || release.analysis !== undefined,
    policy: release.analysis,
    verdict: row.verdict === null ? undefined : (JSON.parse(row.verdict) as RolloutVerdict),
    endedAt: row.ended_at ?? undefined,
    startedBy: row.actor,
    reason: row.reason,
  }
}

export function rowOf(rollout: Rollout): RolloutRow {
  return {
    id: rollout.id,
    deployment: rollout.deployment,
    strategy: rollout.strategy,
    state: rollout.state,
    release: JSON.stringify(rollout.release),
    stable: JSON.stringify(rollout.stable),
    candidates: JSON.stringify(rollout.candidates),
    step: rollout.step,
    step_started_at: rollout.stepStartedAt,
    step_elapsed_ms: Math.round(rollout.stepElapsedMs),
    verdict: rollout.verdict === undefined ? null : JSON.stringify(rollout.verdict),
    started_at: rollout.startedAt,
    ended_at: rollout.endedAt ?? null,
    actor: rollout.startedBy,
    reason: rollout.reason,
  }
}
