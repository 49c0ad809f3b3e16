import type { Migration } from '#platform/database/index'

export type RemotesTables = {
  /** Versions that garbage collection took away. Their bytes stay for a while, and who asks for them is told. */
  dataset_removed_versions: {
    dataset: string
    version: number
    /** The row that it was, as JSON. */
    record: string
    removed_at: number
    removed_by: string
    /** When its bytes were given up; null: they are still held. */
    expired_at: number | null
  }
}

export const remotesMigration: Migration = {
  number: 12,
  name: 'removed dataset versions',
  up: async ({ schema }) => {
    await schema
      .createTable('dataset_removed_versions')
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('record', 'text', (column) => column.notNull())
      .addColumn('removed_at', 'bigint', (column) => column.notNull())
      .addColumn('removed_by', 'text', (column) => column.notNull())
      .addColumn('expired_at', 'bigint')
      .addPrimaryKeyConstraint('dataset_removed_versions_key', ['dataset', 'version'])
      .execute()
  },
}
