import { sql, type Kysely, type Selectable } from 'kysely'
import { bulkInsert, type Engine } from '#platform/database/index'
import type { PredictionCursor } from '#lifecycle/serving/index'
import type { CanaryVerdict } from './contract.ts'
import type { MonitoringTables } from './tables.ts'

export type TrialRow = Selectable<MonitoringTables['canary_trials']>

type StepRow = Selectable<MonitoringTables['canary_steps']>

/** The same labelled rows as both models score them. */
export interface PairedRows {
  readonly labels: Float64Array
  readonly championScores: Float64Array
  readonly canaryScores: Float64Array
}

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

    /** Labelled rows as both score them, read a page at a time: 24 bytes a row, however many there are. */
    labelled: async ({ id, deployment }: TrialRow): Promise<PairedRows> => {
      const labels = new NumberList()
      const champion = new NumberList()
      const canary = new NumberList()
      for (let last = ''; ;) {
        const rows = await query
          .selectFrom('canary_rows as r')
          .innerJoin('labels as l', (join) =>
            join.on('l.deployment', '=', deployment).onRef('l.prediction_id', '=', 'r.prediction_id'),
          )
          .select(['r.prediction_id', 'l.label', 'r.champion_score', 'r.canary_score'])
          .where('r.trial', '=', id)
          .where('r.prediction_id', '>', last)
          .orderBy('r.prediction_id')
          .limit(labelPageRows)
          .execute()
        for (const row of rows) {
          labels.push(row.label)
          champion.push(row.champion_score)
          canary.push(row.canary_score)
          last = row.prediction_id
        }
        if (rows.length < labelPageRows) break
      }
      return { labels: labels.values, championScores: champion.values, canaryScores: canary.values }
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

    step: (trial: string, startedAt: number): Promise<StepRow | undefined> =>
      query
        .selectFrom('canary_steps')
        .selectAll()
        .where('trial', '=', trial)
        .where('started_at', '=', startedAt)
        .executeTakeFirst(),

    /** The evidence and how far it reaches change together. */
    keepStep: async (row: StepRow): Promise<void> => {
      const { segment, byte_offset, document } = row
      await query
        .insertInto('canary_steps')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['trial', 'started_at']).doUpdateSet({ segment, byte_offset, document }),
        )
        .execute()
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

    /** Adds a verdict, or puts it in the place of the last one. */
    keepVerdict: async (
      trial: string,
      { basis, verdict, adds }: { basis: string; verdict: CanaryVerdict; adds: boolean },
    ): Promise<void> => {
      const { last } = await query
        .selectFrom('canary_verdicts')
        .select(sql<number>`coalesce(max(number), 0)`.as('last'))
        .where('trial', '=', trial)
        .executeTakeFirstOrThrow()
      const document = JSON.stringify(verdict)
      if (adds || last === 0) {
        await query
          .insertInto('canary_verdicts')
          .values({ trial, number: last + 1, basis, document })
          .execute()
        return
      }
      await query
        .updateTable('canary_verdicts')
        .set({ basis, document })
        .where('trial', '=', trial)
        .where('number', '=', last)
        .execute()
    },
  }
}

const labelPageRows = 20_000

/** Numbers that come one after the other, without an object for each. */
class NumberList {
  #values = new Float64Array(1024)
  #length = 0

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }
}
