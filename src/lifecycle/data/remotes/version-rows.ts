import type { Selectable } from 'kysely'
import type { Database } from '#platform/database/index'
import { toRow } from '../store.ts'
import type { DataTables } from '../tables.ts'
import type { DatasetVersion, FileTree } from '../versions/dataset-version.ts'
import type { VersionPlace } from './remote.ts'
import { createRemovedRows, type RemovedRows } from './removed-rows.ts'
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

/** The SQL of versions that come from elsewhere and of those that go. */
export interface VersionRows extends RemovedRows {
  datasets(): Promise<string[]>
  /** By their numbers, ascending. */
  identities(dataset: string): Promise<NumberedIdentity[]>
  /** Every version and every removed one whose bytes are kept. */
  held(): AsyncIterable<HeldVersion>
  /** Adds a version under the number that it has; nobody is told of it. False when the number is taken. */
  add(version: DatasetVersion): Promise<boolean>
}

const pageRows = 100

export function createVersionRows(database: Database): VersionRows {
  const query = database.query.withTables<DataTables>()

  const removed = createRemovedRows(database)
  return {
    ...removed,
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
      for await (const row of removed.removedRecords()) yield heldOf(row)
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
