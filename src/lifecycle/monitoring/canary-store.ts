import { sql, type Kysely, type Selectable } from 'kysely'
import { bulkInsert, type Engine } from '#platform/database/index'
import type { PredictionCursor } from '#lifecycle/serving/index'
import type { CanaryVerdict } from './contract.ts'
import type { MonitoringTables } from './tables.ts'

export type TrialRow = Selectable<MonitoringTables['canary_trials']>

export interface PairedScores {
  readonly id: string
  readonly variant: string
  readonly championScore: number
  readonly canaryScore: number
  readonly latencyMs: number
}

/** All SQL about trials of canaries. */
export function createCanaryStore(query: Kysely<MonitoringTables>, engine: Engine) {
  return {
    trials: (deployment: string): Promise<TrialRow[]> =>
      query
        .selectFrom('canary_trials')
        .selectAll()
        .where('deployment', '=', deployment)
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .execute(),

    trial: (id: string): Promise<TrialRow | undefined> =>
      query.selectFrom('canary_trials').selectAll().where('id', '=', id).executeTakeFirst(),

    begin: async (row: TrialRow): Promise<void> => {
      await query
        .insertInto('canary_trials')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute()
    },

    end: async (id: string, end: Pick<TrialRow, 'state' | 'ended_at' | 'reason'>): Promise<void> => {
      await query
        .updateTable('canary_trials')
        .set(end)
        .where('id', '=', id)
        .where('state', '=', 'running')
        .execute()
    },

    /** Keeps the pairs and moves the cursor of the trial, inside the caller's transaction. */
    addRows: async (
      trial: TrialRow,
      rows: readonly PairedScores[],
      next: PredictionCursor,
    ): Promise<void> => {
      await bulkInsert(query, engine, {
        table: 'canary_rows',
        columns: [
          { name: 'trial', type: 'text', values: rows.map(() => trial.id) },
          { name: 'prediction_id', type: 'text', values: rows.map(({ id }) => id) },
          { name: 'variant', type: 'text', values: rows.map(({ variant }) => variant) },
          { name: 'champion_score', type: 'double precision', values: rows.map((row) => row.championScore) },
          { name: 'canary_score', type: 'double precision', values: rows.map((row) => row.canaryScore) },
          { name: 'latency_ms', type: 'double precision', values: rows.map((row) => row.latencyMs) },
        ],
        onConflict: '(trial, prediction_id) do nothing',
      })
      await query
        .updateTable('canary_trials')
        .set({ segment: next.segment, byte_offset: next.offset })
        .where('id', '=', trial.id)
        .execute()
    },

    labelled: async ({ id, deployment }: TrialRow) => {
      const rows = await query
        .selectFrom('canary_rows as r')
        .innerJoin('labels as l', (join) =>
          join.on('l.deployment', '=', deployment).onRef('l.prediction_id', '=', 'r.prediction_id'),
        )
        .select(['l.label', 'r.champion_score', 'r.canary_score'])
        .where('r.trial', '=', id)
        .orderBy('r.prediction_id')
        .execute()
      return {
        labels: Float64Array.from(rows, ({ label }) => label),
        championScores: Float64Array.from(rows, (row) => row.champion_score),
        canaryScores: Float64Array.from(rows, (row) => row.canary_score),
      }
    },

    /** What a verdict rests on: it is not worth judging again before this changes. */
    labelBasis: async ({ id, deployment }: TrialRow): Promise<string> => {
      const { labels, newest } = await query
        .selectFrom('canary_rows as r')
        .innerJoin('labels as l', (join) =>
          join.on('l.deployment', '=', deployment).onRef('l.prediction_id', '=', 'r.prediction_id'),
        )
        .select(({ fn }) => [
          fn.countAll<number>().as('labels'),
          sql<number>`coalesce(max(l.received_at), 0)`.as('newest'),
        ])
        .where('r.trial', '=', id)
        .executeTakeFirstOrThrow()
      return `${labels} labels, the last at ${newest}`
    },

    /** Rows that a variant answered in the trial, and the 95th percentile of their latency. */
    answered: async (trial: string, variant: string): Promise<{ rows: number; latencyP95Ms?: number }> => {
      const mine = query.selectFrom('canary_rows').where('trial', '=', trial).where('variant', '=', variant)
      const { rows } = await mine
        .select(({ fn }) => fn.countAll<number>().as('rows'))
        .executeTakeFirstOrThrow()
      if (rows === 0) return { rows }
      const at = await mine
        .select('latency_ms')
        .orderBy('latency_ms')
        .limit(1)
        .offset(Math.ceil(rows * 0.95) - 1)
        .executeTakeFirstOrThrow()
      return { rows, latencyP95Ms: at.latency_ms }
    },

    lastVerdict: async (trial: string): Promise<{ basis: string; verdict: CanaryVerdict } | undefined> => {
      const row = await query
        .selectFrom('canary_verdicts')
        .select(['basis', 'document'])
        .where('trial', '=', trial)
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row === undefined
        ? undefined
        : { basis: row.basis, verdict: JSON.parse(row.document) as CanaryVerdict }
    },

    verdicts: async (trial: string): Promise<CanaryVerdict[]> => {
      const rows = await query
        .selectFrom('canary_verdicts')
        .select('document')
        .where('trial', '=', trial)
        .orderBy('number')
        .execute()
      return rows.map(({ document }) => JSON.parse(document) as CanaryVerdict)
    },

    addVerdict: async (trial: string, basis: string, verdict: CanaryVerdict): Promise<void> => {
      const { last } = await query
        .selectFrom('canary_verdicts')
        .select(sql<number>`coalesce(max(number), 0)`.as('last'))
        .where('trial', '=', trial)
        .executeTakeFirstOrThrow()
      const document = JSON.stringify(verdict)
      await query
        .insertInto('canary_verdicts')
        .values({ trial, number: last + 1, basis, document })
        .execute()
    },
  }
}
