import type { Selectable } from 'kysely'
import type { Database } from '#platform/database/index'
import { toRow, toVersion } from '../store.ts'
import type { DataTables } from '../tables.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { VersionIdentity } from './version-document.ts'

type VersionRow = Selectable<DataTables['dataset_versions']>

export interface NumberedIdentity extends VersionIdentity {
  readonly version: number
}

export interface RemovedVersion {
  readonly version: DatasetVersion
  readonly removedAt: number
  readonly removedBy: string
}

/** The SQL of versions that come from elsewhere and of those that go. */
export interface VersionRows {
  datasets(): Promise<string[]>
  /** By their numbers, ascending. */
  identities(dataset: string): Promise<NumberedIdentity[]>
  /** Every version, in pages. */
  all(): AsyncIterable<DatasetVersion>
  /** Adds a version under the number that it has; nobody is told of it. False when the number is taken. */
  add(version: DatasetVersion): Promise<boolean>
  /** Takes a version out of its dataset, and remembers it. False when it is gone already. */
  remove(place: { dataset: string; version: number }, by: { now: number; actor: string }): Promise<boolean>
  /** Puts back what was removed. */
  restore(place: { dataset: string; version: number }): Promise<void>
  /** What was removed and still has its bytes. */
  removed(): AsyncIterable<RemovedVersion>
  /** Gives up the bytes of what was removed before that time; answers how many versions. */
  expire(before: number, now: number): Promise<number>
  /** When it was removed, for whoever asks for it. */
  removal(place: {
    dataset: string
    version: number
  }): Promise<{ readonly removedAt: number; readonly removedBy: string } | undefined>
}

const pageRows = 100

export function createVersionRows(database: Database): VersionRows {
  const query = database.query.withTables<DataTables>()

  return {
    datasets: async () =>
      (await query.selectFrom('datasets').select('name').orderBy('name').execute()).map(({ name }) => name),
    identities: async (dataset) => {
      const rows = await query
        .selectFrom('dataset_versions')
        .select(['version', 'digest', 'created_at', 'created_by'])
        .where('dataset', '=', dataset)
        .orderBy('version')
        .execute()
      return rows.map((row) => ({
        version: row.version,
        digest: row.digest as VersionIdentity['digest'],
        createdAt: row.created_at,
        createdBy: row.created_by,
      }))
    },
    all: async function* () {
      let last: VersionRow | undefined
      do {
        let select = query
          .selectFrom('dataset_versions')
          .selectAll()
          .orderBy('dataset')
          .orderBy('version')
          .limit(pageRows)
        const after = last
        if (after !== undefined) {
          select = select.where(({ eb, refTuple, tuple }) =>
            eb(refTuple('dataset', 'version'), '>', tuple(after.dataset, after.version)),
          )
        }
        const rows = await select.execute()
        yield* rows.map(toVersion)
        last = rows.length < pageRows ? undefined : rows.at(-1)
      } while (last !== undefined)
    },
    add: (version) =>
      query.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('datasets')
          .values({ name: version.dataset, created_at: version.createdAt, created_by: version.createdBy })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute()
        const row = { ...toRow(version), version: version.version, announced: 1 }
        const added = await transaction
          .insertInto('dataset_versions')
          .values(row)
          .onConflict((conflict) => conflict.columns(['dataset', 'version']).doNothing())
          .executeTakeFirst()
        if (added.numInsertedOrUpdatedRows === 0n) return false
        await transaction
          .deleteFrom('dataset_removed_versions')
          .where('dataset', '=', version.dataset)
          .where('version', '=', version.version)
          .execute()
        return true
      }),
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
      const rows = await query
        .selectFrom('dataset_removed_versions')
        .select(['dataset', 'version'])
        .where('expired_at', 'is', null)
        .orderBy('dataset')
        .orderBy('version')
        .execute()
      for (const { dataset, version } of rows) {
        const row = await query
          .selectFrom('dataset_removed_versions')
          .selectAll()
          .where('dataset', '=', dataset)
          .where('version', '=', version)
          .where('expired_at', 'is', null)
          .executeTakeFirst()
        if (row === undefined) continue
        const { record, removed_at: removedAt, removed_by: removedBy } = row
        yield { version: toVersion(JSON.parse(record) as VersionRow), removedAt, removedBy }
      }
    },
    expire: async (before, now) => {
      const expired = await query
        .updateTable('dataset_removed_versions')
        .set({ expired_at: now })
        .where('removed_at', '<=', before)
        .where('expired_at', 'is', null)
        .executeTakeFirst()
      return Number(expired.numUpdatedRows)
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
  }
}
