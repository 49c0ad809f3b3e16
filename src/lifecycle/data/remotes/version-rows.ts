import type { Selectable } from 'kysely'
import type { Database } from '#platform/database/index'
import { toRow, toVersion } from '../store.ts'
import type { DataTables } from '../tables.ts'
import type { DatasetVersion, FileTree } from '../versions/dataset-version.ts'
import type { VersionPlace } from './remote.ts'
import type { VersionIdentity } from './version-document.ts'

type VersionRow = Selectable<DataTables['dataset_versions']>

export interface NumberedIdentity extends VersionIdentity {
  readonly version: number
  readonly sizeBytes: number
}

/** What a version names, as it stands in its row. */
export interface HeldVersion {
  readonly place: VersionPlace
  /** All texts of the row. */
  readonly text: string
  readonly tree: FileTree | null
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
  /** Every version and every removed one whose bytes are kept. */
  held(): AsyncIterable<HeldVersion>
  /** Adds a version under the number that it has; nobody is told of it. False when the number is taken. */
  add(version: DatasetVersion): Promise<boolean>
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
}

const pageRows = 100

export function createVersionRows(database: Database): VersionRows {
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
    datasets: async () =>
      (await query.selectFrom('datasets').select('name').orderBy('name').execute()).map(({ name }) => name),
    identities: async (dataset) => {
      const rows = await query
        .selectFrom('dataset_versions')
        .select(['version', 'digest', 'created_at', 'created_by', 'size_bytes'])
        .where('dataset', '=', dataset)
        .orderBy('version')
        .execute()
      return rows.map((row) => ({
        version: row.version,
        digest: row.digest as VersionIdentity['digest'],
        createdAt: row.created_at,
        createdBy: row.created_by,
        sizeBytes: row.size_bytes,
      }))
    },
    held: async function* () {
      yield* pages(async (after) => {
        let select = query
          .selectFrom('dataset_versions')
          .selectAll()
          .orderBy('dataset')
          .orderBy('version')
          .limit(pageRows)
        if (after !== undefined) {
          select = select.where(({ eb, refTuple, tuple }) =>
            eb(refTuple('dataset', 'version'), '>', tuple(after.dataset, after.version)),
          )
        }
        return select.execute()
      })
      for await (const { record } of removals()) yield heldOf(JSON.parse(record) as VersionRow)
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
  }
}

async function* pages(
  read: (after: VersionRow | undefined) => Promise<VersionRow[]>,
): AsyncIterable<HeldVersion> {
  let last: VersionRow | undefined
  do {
    const rows = await read(last)
    for (const row of rows) yield heldOf(row)
    last = rows.length < pageRows ? undefined : rows.at(-1)
  } while (last !== undefined)
}

function heldOf(row: VersionRow): HeldVersion {
  const texts = Object.values(row).filter((value) => typeof value === 'string')
  const { tree = null } = JSON.parse(row.manifest) as { tree?: FileTree | null }
  return { place: { dataset: row.dataset, version: row.version }, text: texts.join('\n'), tree }
}
