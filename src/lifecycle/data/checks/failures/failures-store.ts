import type { Database, Migration } from '#platform/database/index'
import type { Digest } from '#platform/blobs/index'
import type { FilePlace } from '../sample-rows.ts'

export type FailuresTables = {
  dataset_failures: {
    rejection: string
    dataset: string
    /** The Parquet file with the rows. */
    digest: string
    /** Checks and files, as JSON. */
    contents: string
  }
}

export const failuresMigration: Migration = {
  number: 14,
  name: 'rows of rejections',
  up: async ({ schema }) => {
    await schema
      .createTable('dataset_failures')
      .addColumn('rejection', 'text', (column) => column.primaryKey())
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('contents', 'text', (column) => column.notNull())
      .execute()
  },
}

/** A check whose rows are kept, with the columns that are shown of them. */
export interface KeptCheck {
  readonly kind: string
  readonly columns: readonly string[]
  readonly expected: string
  readonly rows: number
  readonly kept: number
}

export interface KeptFailures {
  readonly digest: Digest
  readonly checks: readonly KeptCheck[]
  readonly files: readonly FilePlace[]
}

export interface FailuresStore {
  save(rejection: { readonly id: string; readonly dataset: string }, kept: KeptFailures): Promise<void>
  of(rejection: string): Promise<KeptFailures | undefined>
}

export function createFailuresStore(database: Database): FailuresStore {
  const query = database.query.withTables<FailuresTables>()
  return {
    save: async ({ id, dataset }, { digest, ...contents }) => {
      await query
        .insertInto('dataset_failures')
        .values({ rejection: id, dataset, digest, contents: JSON.stringify(contents) })
        .onConflict((conflict) => conflict.column('rejection').doNothing())
        .execute()
    },
    of: async (rejection) => {
      const row = await query
        .selectFrom('dataset_failures')
        .selectAll()
        .where('rejection', '=', rejection)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const contents = JSON.parse(row.contents) as Pick<KeptFailures, 'checks' | 'files'>
      return { digest: row.digest as Digest, ...contents }
    },
  }
}
