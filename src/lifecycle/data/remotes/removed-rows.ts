import type { Database } from '#platform/database/index'
import type { Selectable } from 'kysely'
import { toVersion } from '../store.ts'
import type { DataTables } from '../tables.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { VersionPlace } from './remote.ts'

type VersionRow = Selectable<DataTables['dataset_versions']>

export interface RemovedVersion {
  readonly version: DatasetVersion
  readonly removedAt: number
  readonly removedBy: string
}

/** The SQL of versions that garbage collection takes away. */
export interface RemovedRows {
  /** Takes a version out of its dataset, and remembers it. False when it is gone already. */
  remove(place: VersionPlace, by: { now: number; actor: string }): Promise<boolean>
  /** Puts back what was removed. */
  restore(place: VersionPlace): Promise<void>
  /** What was removed and still has its bytes. */
  removed(): AsyncIterable<RemovedVersion>
  /** Gives up the bytes of what was removed. */
  expire(place: VersionPlace, now: number): Promise<void>
  /** When it was removed, for whoever asks for it. */
  removal(
    place: VersionPlace,
  ): Promise<{ readonly removedAt: number; readonly removedBy: string } | undefined>
  /** The rows that they were, of those that still have their bytes. */
  removedRecords(): AsyncIterable<VersionRow>
}

export function createRemovedRows(database: Pick<Database, 'query'>): RemovedRows {
  const query = database.query.withTables<DataTables>()
  const removals = async function* () {
    const places = await query
      .selectFrom('dataset_removed_versions')
      .select(['dataset', 'version'])
      .where('expired_at', 'is', null)
      .orderBy('dataset')
      .orderBy('version')
      .execute()
    for (const { dataset, version } of places) {
      const row = await query
        .selectFrom('dataset_removed_versions')
        .selectAll()
        .where('dataset', '=', dataset)
        .where('version', '=', version)
        .where('expired_at', 'is', null)
        .executeTakeFirst()
      // It came back, or was pulled again, meanwhile.
      if (row !== undefined) yield row
    }
  }

  return {
    remove: ({ dataset, version }, { now, actor }) =>
      query.transaction().execute(async (transaction) => {
        const row = await transaction
          .selectFrom('dataset_versions')
          .selectAll()
          .where('dataset', '=', dataset)
          .where('version', '=', version)
          .executeTakeFirst()
        if (row === undefined) return false
        const removal = {
          dataset,
          version,
          record: JSON.stringify(row),
          removed_at: now,
          removed_by: actor,
          expired_at: null,
        }
        await transaction
          .insertInto('dataset_removed_versions')
          .values(removal)
          .onConflict((conflict) => conflict.columns(['dataset', 'version']).doUpdateSet(removal))
          .execute()
        await transaction
          .deleteFrom('dataset_versions')
          .where('dataset', '=', dataset)
          .where('version', '=', version)
          .execute()
        return true
      }),
    restore: ({ dataset, version }) =>
      query.transaction().execute(async (transaction) => {
        const removal = await transaction
          .deleteFrom('dataset_removed_versions')
          .where('dataset', '=', dataset)
          .where('version', '=', version)
          .returning('record')
          .executeTakeFirst()
        if (removal === undefined) return
        await transaction
          .insertInto('dataset_versions')
          .values(JSON.parse(removal.record) as VersionRow)
          .onConflict((conflict) => conflict.columns(['dataset', 'version']).doNothing())
          .execute()
      }),
    removed: async function* () {
      for await (const { record, removed_at: removedAt, removed_by: removedBy } of removals()) {
        yield { version: toVersion(JSON.parse(record) as VersionRow), removedAt, removedBy }
      }
    },
    expire: async ({ dataset, version }, now) => {
      await query
        .updateTable('dataset_removed_versions')
        .set({ expired_at: now })
        .where('dataset', '=', dataset)
        .where('version', '=', version)
        .execute()
    },
    removal: async ({ dataset, version }) => {
      const row = await query
        .selectFrom('dataset_removed_versions')
        .select(['removed_at', 'removed_by'])
        .where('dataset', '=', dataset)
        .where('version', '=', version)
        .executeTakeFirst()
      return row === undefined ? undefined : { removedAt: row.removed_at, removedBy: row.removed_by }
    },
    removedRecords: async function* () {
      for await (const { record } of removals()) yield JSON.parse(record) as VersionRow
    },
  }
}
