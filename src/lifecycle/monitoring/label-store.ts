import type { Kysely } from 'kysely'
import { bulkInsert, type Engine } from '#platform/database/index'
import type { Label } from './contract.ts'
import { idsIn } from './id-list.ts'
import type { MonitoringTables } from './tables.ts'

export interface KeptLabels {
  readonly new: number
  readonly changed: number
  readonly unchanged: number
}

/** All SQL about labels, inside the caller's transaction. */
export function createLabelStore(query: Kysely<MonitoringTables>, engine: Engine) {
  return {
    /** Keeps the labels, one an id, and marks the windows that they change. */
    keep: async (deployment: string, labels: readonly Label[], now: number): Promise<KeptLabels> => {
      const known = await query
        .selectFrom('labels')
        .select(['prediction_id', 'label'])
        .where('deployment', '=', deployment)
        .where(
          'prediction_id',
          'in',
          idsIn(
            engine,
            labels.map(({ id }) => id),
          ),
        )
        .execute()
      const before = new Map(known.map((row) => [row.prediction_id, row.label]))
      const written = labels.filter(({ id, label }) => before.get(id) !== label)
      await bulkInsert(query, engine, {
        table: 'labels',
        columns: [
          { name: 'deployment', type: 'text', values: written.map(() => deployment) },
          { name: 'prediction_id', type: 'text', values: written.map(({ id }) => id) },
          { name: 'label', type: 'double precision', values: written.map(({ label }) => label) },
          { name: 'time', type: 'bigint', values: written.map(({ time }) => time ?? null) },
          { name: 'received_at', type: 'bigint', values: written.map(() => now) },
        ],
        onConflict:
          '(deployment, prediction_id) do update set label = excluded.label, time = excluded.time, received_at = excluded.received_at',
      })
      const isNew = new Set(written.filter(({ id }) => !before.has(id)).map(({ id }) => id))
      const scored = await query
        .selectFrom('scored_predictions')
        .select(['prediction_id', 'window_start'])
        .where('deployment', '=', deployment)
        .where(
          'prediction_id',
          'in',
          idsIn(
            engine,
            written.map(({ id }) => id),
          ),
        )
        .execute()
      for (const [windowStart, rows] of Map.groupBy(scored, (row) => row.window_start)) {
        const added = rows.filter((row) => isNew.has(row.prediction_id)).length
        await query
          .updateTable('monitored_windows')
          .set((expression) => ({
            changes: expression('changes', '+', 1),
            labels: expression('labels', '+', added),
          }))
          .where('deployment', '=', deployment)
          .where('window_start', '=', windowStart)
          .execute()
      }
      return {
        new: isNew.size,
        changed: written.length - isNew.size,
        unchanged: labels.length - written.length,
      }
    },

    /** Those of the ids that have a label. */
    labelled: async (deployment: string, ids: readonly string[]): Promise<Set<string>> => {
      const rows = await query
        .selectFrom('labels')
        .select('prediction_id')
        .where('deployment', '=', deployment)
        .where('prediction_id', 'in', idsIn(engine, ids))
        .execute()
      return new Set(rows.map((row) => row.prediction_id))
    },

    /** How many of the ids belong to predictions that were read. */
    countKnown: async (deployment: string, ids: readonly string[]): Promise<number> => {
      const { known } = await query
        .selectFrom('scored_predictions')
        .select(({ fn }) => fn.countAll<number>().as('known'))
        .where('deployment', '=', deployment)
        .where('prediction_id', 'in', idsIn(engine, ids))
        .executeTakeFirstOrThrow()
      return known
    },
  }
}
