import type { Migration } from '#platform/database/index'

export type SourceTables = {
  /** How far a source has been read; written with the version that has the rows. */
  dataset_cursors: {
    dataset: string
    column_name: string
    value: string
    version: number
    updated_at: number
  }
  /** Rows that were kept out of a version, as a Parquet file with their reasons. */
  dataset_quarantines: {
    dataset: string
    version: number
    digest: string
    row_count: number
    size_bytes: number
    /** Counts by reason, as JSON. */
    reasons: string
    created_at: number
    created_by: string
    /** The version that took them in later, or kept those aside that are still at fault. */
    released_by: number | null
  }
  /** When a watched source was looked at last, and what was seen. */
  dataset_watches: { dataset: string; looked_at: number; seen: string; problem: string | null }
}

export const sourcesMigration: Migration = {
  number: 13,
  name: 'cursors, quarantine and watched sources of datasets',
  up: async ({ schema }) => {
    await schema
      .createTable('dataset_cursors')
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('column_name', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('dataset_cursors_key', ['dataset', 'column_name'])
      .execute()
    await schema
      .createTable('dataset_quarantines')
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('row_count', 'bigint', (column) => column.notNull())
      .addColumn('size_bytes', 'bigint', (column) => column.notNull())
      .addColumn('reasons', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('released_by', 'bigint')
      .addPrimaryKeyConstraint('dataset_quarantines_key', ['dataset', 'version', 'digest'])
      .execute()
    await schema
      .createTable('dataset_watches')
      .addColumn('dataset', 'text', (column) => column.primaryKey())
      .addColumn('looked_at', 'bigint', (column) => column.notNull())
      .addColumn('seen', 'text', (column) => column.notNull())
      .addColumn('problem', 'text')
      .execute()
  },
}
