import type { Selectable, Transaction } from 'kysely'
import type { Digest } from '#platform/blobs/index'
import type { Database } from '#platform/database/index'
import type { SourceCursor } from './collected.ts'
import type { SourceTables } from './source-tables.ts'

/** Rows that were kept out of a version: a Parquet file with the reason of each. */
export interface Quarantine {
  readonly dataset: string
  readonly version: number
  readonly digest: Digest
  readonly rows: number
  readonly sizeBytes: number
  readonly reasons: readonly { readonly rule: string; readonly column: string; readonly rows: number }[]
  readonly createdAt: number
  readonly createdBy: string
  readonly releasedBy: number | null
}

/** What belongs to a version and must be known exactly when it is. */
export interface BesideVersion {
  readonly cursor?: SourceCursor | undefined
  readonly quarantines?: readonly Pick<Quarantine, 'digest' | 'rows' | 'sizeBytes' | 'reasons'>[] | undefined
  /** Quarantines whose rows were judged again for this version. */
  readonly released?: readonly Pick<Quarantine, 'version' | 'digest'>[] | undefined
}

interface NamedVersion {
  readonly dataset: string
  readonly version: number
  readonly createdAt: number
  readonly createdBy: string
}

/** Writes what belongs to a version in the transaction that gives it its number. */
export async function writeBeside(
  transaction: Transaction<SourceTables>,
  { dataset, version, createdAt, createdBy }: NamedVersion,
  { cursor, quarantines = [], released = [] }: BesideVersion,
): Promise<void> {
  if (cursor !== undefined) {
    const state = { value: cursor.value, version, updated_at: createdAt }
    await transaction
      .insertInto('dataset_cursors')
      .values({ dataset, column_name: cursor.column, ...state })
      .onConflict((conflict) => conflict.columns(['dataset', 'column_name']).doUpdateSet(state))
      .execute()
  }
  for (const { digest, rows, sizeBytes, reasons } of quarantines) {
    await transaction
      .insertInto('dataset_quarantines')
      .values({
        dataset,
        version,
        digest,
        row_count: rows,
        size_bytes: sizeBytes,
        reasons: JSON.stringify(reasons),
        created_at: createdAt,
        created_by: createdBy,
        released_by: null,
      })
      .execute()
  }
  for (const quarantine of released) {
    await transaction
      .updateTable('dataset_quarantines')
      .set({ released_by: version })
      .where('dataset', '=', dataset)
      .where('version', '=', quarantine.version)
      .where('digest', '=', quarantine.digest)
      .execute()
  }
}

export interface SourceStore {
  cursor(dataset: string, column: string): Promise<string | undefined>
  /** Oldest first. `version` narrows to those of one version; else those that nobody has released. */
  quarantines(dataset: string, version?: number): Promise<Quarantine[]>
  watch(dataset: string): Promise<{ lookedAt: number; seen: string; problem: string | null } | undefined>
  saveWatch(
    dataset: string,
    state: { readonly lookedAt: number; readonly seen: string; readonly problem: string | null },
  ): Promise<void>
}

export function createSourceStore(database: Database): SourceStore {
  const query = database.query.withTables<SourceTables>()
  return {
    cursor: async (dataset, column) => {
      const row = await query
        .selectFrom('dataset_cursors')
        .select('value')
        .where('dataset', '=', dataset)
        .where('column_name', '=', column)
        .executeTakeFirst()
      return row?.value
    },
    quarantines: async (dataset, version) => {
      let select = query.selectFrom('dataset_quarantines').selectAll().where('dataset', '=', dataset)
      select =
        version === undefined
          ? select.where('released_by', 'is', null)
          : select.where('version', '=', version)
      return (await select.orderBy('version').orderBy('digest').execute()).map(toQuarantine)
    },
    watch: async (dataset) => {
      const row = await query
        .selectFrom('dataset_watches')
        .selectAll()
        .where('dataset', '=', dataset)
        .executeTakeFirst()
      return row === undefined ? undefined : { lookedAt: row.looked_at, seen: row.seen, problem: row.problem }
    },
    saveWatch: async (dataset, { lookedAt, seen, problem }) => {
      const state = { looked_at: lookedAt, seen, problem }
      await query
        .insertInto('dataset_watches')
        .values({ dataset, ...state })
        .onConflict((conflict) => conflict.column('dataset').doUpdateSet(state))
        .execute()
    },
  }
}

function toQuarantine(row: Selectable<SourceTables['dataset_quarantines']>): Quarantine {
  return {
    dataset: row.dataset,
    version: row.version,
    digest: row.digest as Digest,
    rows: row.row_count,
    sizeBytes: row.size_bytes,
    reasons: JSON.parse(row.reasons) as Quarantine['reasons'],
    createdAt: row.created_at,
    createdBy: row.created_by,
    releasedBy: row.released_by,
  }
}
