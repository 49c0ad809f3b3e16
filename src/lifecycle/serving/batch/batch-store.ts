import type { Database } from '#platform/database/index'
import type { BatchTables } from './batch-table.ts'

export type BatchRow = BatchTables['batch_runs']

/** All SQL about runs of batches. */
export function createBatchStore(database: Database) {
  const query = database.query.withTables<BatchTables>()
  return {
    /** Answers false when a run for the same due time is there already. */
    add: async (row: BatchRow): Promise<boolean> => {
      const { numInsertedOrUpdatedRows } = await query
        .insertInto('batch_runs')
        .values(row)
        .onConflict((conflict) => conflict.columns(['name', 'due_at']).doNothing())
        .executeTakeFirst()
      return Number(numInsertedOrUpdatedRows ?? 0) > 0
    },
    get: (id: string): Promise<BatchRow | undefined> =>
      query.selectFrom('batch_runs').selectAll().where('id', '=', id).executeTakeFirst(),
    list: ({ name, limit }: { name?: string | undefined; limit: number }): Promise<BatchRow[]> =>
      query
        .selectFrom('batch_runs')
        .selectAll()
        .$if(name !== undefined, (all) => all.where('name', '=', name ?? ''))
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),
    update: async (id: string, change: Partial<BatchRow>): Promise<void> => {
      await query.updateTable('batch_runs').set(change).where('id', '=', id).execute()
    },
    newestOf: (name: string, state?: BatchRow['state']): Promise<BatchRow | undefined> =>
      query
        .selectFrom('batch_runs')
        .selectAll()
        .where('name', '=', name)
        .$if(state !== undefined, (all) => all.where('state', '=', state ?? 'succeeded'))
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirst(),
  }
}
