import { sql, type Kysely } from 'kysely'
import { fail } from '#contract/errors'
import type { Database } from '#platform/database/index'
import { createRolloutStore, type RolloutNote, type RolloutRow } from './rollouts/rollout-store.ts'
import type { ServingTables } from './tables.ts'

export type RevisionRow = ServingTables['deployment_revisions']

/** What changes together: a revision, and the rollout that it belongs to. */
export interface Written {
  readonly revision: Omit<RevisionRow, 'revision' | 'live_at'>
  /** The revision that whoever decided this had seen; another one in between is a conflict. */
  readonly after: number | undefined
  readonly rollout?: { readonly row: RolloutRow; readonly note: RolloutNote } | undefined
}

export function createServingStore(database: Database) {
  const query = database.query.withTables<ServingTables>()
  const newest = (on: Kysely<ServingTables> = query) =>
    on
      .selectFrom('deployment_revisions as r')
      .selectAll()
      .where('r.revision', '=', (expression) =>
        expression
          .selectFrom('deployment_revisions as newer')
          .select((inner) => inner.fn.max('newer.revision').as('revision'))
          .whereRef('newer.deployment', '=', 'r.deployment'),
      )
  const currentOn = (on: Kysely<ServingTables>, deployment: string): Promise<RevisionRow | undefined> =>
    newest(on).where('r.deployment', '=', deployment).executeTakeFirst()
  const rollouts = createRolloutStore(query)
  return {
    rollouts,
    current: (deployment: string): Promise<RevisionRow | undefined> => currentOn(query, deployment),
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
    append: ({ revision, after, rollout }: Written): Promise<RevisionRow> =>
      query.transaction().execute(async (transaction) => {
        const { last } = await transaction
          .selectFrom('deployment_revisions')
          .select(sql<number>`coalesce(max(revision), 0)`.as('last'))
          .executeTakeFirstOrThrow()
        const seen = (await currentOn(transaction, revision.deployment))?.revision
        if (seen !== after) {
          fail(
            'conflict',
            `Someone else changed "${revision.deployment}" meanwhile: it is at revision ${seen}.`,
            {
              hint: 'See `devmlops deployments`, and decide again.',
            },
          )
        }
        const full = { ...revision, revision: last + 1, live_at: 0 }
        await transaction.insertInto('deployment_revisions').values(full).execute()
        if (rollout !== undefined) await createRolloutStore(transaction).put(rollout.row, rollout.note)
        return full
      }),
    /** The serving process has taken these. */
    markLive: async (revisions: readonly number[], time: number): Promise<void> => {
      if (revisions.length === 0) return
      await query
        .updateTable('deployment_revisions')
        .set({ live_at: time })
        .where('revision', 'in', revisions)
        .where('live_at', '=', 0)
        .execute()
    },
  }
}

export type ServingStore = ReturnType<typeof createServingStore>
