import { sql, type Kysely } from 'kysely'
import type { Retraining } from './contract.ts'
import type { StartedRetraining } from './retraining-policy.ts'
import type { MonitoringTables } from './tables.ts'

/** All SQL about decisions to retrain. */
export function createRetrainingStore(query: Kysely<MonitoringTables>) {
  const newest = (deployment: string, limit: number) =>
    query
      .selectFrom('retrainings')
      .select('document')
      .where('deployment', '=', deployment)
      .orderBy('number', 'desc')
      .limit(limit)

  return {
    list: async (deployment: string, limit: number): Promise<Retraining[]> =>
      (await newest(deployment, limit).execute()).map(({ document }) => JSON.parse(document) as Retraining),

    /** A decision with the id of an earlier one takes its place, and becomes the newest. */
    save: async (retraining: Retraining, fingerprints: readonly string[]): Promise<void> => {
      const { last } = await query
        .selectFrom('retrainings')
        .select(sql<number>`coalesce(max(number), 0)`.as('last'))
        .executeTakeFirstOrThrow()
      const row = {
        number: last + 1,
        decision: retraining.decision,
        state: retraining.state ?? null,
        event_time: retraining.eventTime,
        fingerprints: JSON.stringify(fingerprints),
        document: JSON.stringify(retraining),
      }
      await query
        .insertInto('retrainings')
        .values({ id: retraining.id, deployment: retraining.monitor, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute()
    },

    /** Notes how a start went. */
    settle: async (retraining: Retraining): Promise<void> => {
      await query
        .updateTable('retrainings')
        .set({ state: retraining.state ?? null, document: JSON.stringify(retraining) })
        .where('id', '=', retraining.id)
        .execute()
    },

    requested: async (deployment: string): Promise<Retraining[]> =>
      (await newest(deployment, 100).where('state', '=', 'requested').execute()).map(
        ({ document }) => JSON.parse(document) as Retraining,
      ),

    /** Everything that was started, or may have been. */
    started: async (deployment: string): Promise<StartedRetraining[]> => {
      const rows = await query
        .selectFrom('retrainings')
        .select(['event_time', 'fingerprints'])
        .where('deployment', '=', deployment)
        .where('decision', '=', 'start')
        .where('state', '!=', 'failed')
        .execute()
      return rows.map(({ event_time, fingerprints }) => ({
        at: event_time,
        fingerprints: JSON.parse(fingerprints) as string[],
      }))
    },
  }
}
