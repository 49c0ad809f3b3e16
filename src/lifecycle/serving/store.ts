import { sql } from 'kysely'
import type { Database } from '#platform/database/index'
import type { ServingTables } from './tables.ts'

export type RevisionRow = ServingTables['deployment_revisions']

export function createServingStore(database: Database) {
  const query = database.query.withTables<ServingTables>()
  const newest = () =>
    query
      .selectFrom('deployment_revisions as r')
      .selectAll()
      .where('r.revision', '=', (expression) =>
        expression
          .selectFrom('deployment_revisions as newer')
          .select((inner) => inner.fn.max('newer.revision').as('revision'))
          .whereRef('newer.deployment', '=', 'r.deployment'),
      )
  return {
    current: (deployment: string): Promise<RevisionRow | undefined> =>
      newest().where('r.deployment', '=', deployment).executeTakeFirst(),
    allCurrent: (): Promise<RevisionRow[]> => newest().orderBy('r.deployment').execute(),
    history: (deployment: string, limit: number): Promise<RevisionRow[]> =>
      query
        .selectFrom('deployment_revisions')
        .selectAll()
        .where('deployment', '=', deployment)
        .orderBy('revision', 'desc')
        .limit(limit)
        .execute(),
    /** Revisions count over all deployments, so that one number names a state of the whole serving process. */
    append: (row: Omit<RevisionRow, 'revision'>): Promise<RevisionRow> =>
      query.transaction().execute(async (transaction) => {
        const { last } = await transaction
          .selectFrom('deployment_revisions')
          .select(sql<number>`coalesce(max(revision), 0)`.as('last'))
          .executeTakeFirstOrThrow()
        const full = { ...row, revision: last + 1 }
        await transaction.insertInto('deployment_revisions').values(full).execute()
        return full
      }),
  }
}

export type ServingStore = ReturnType<typeof createServingStore>
