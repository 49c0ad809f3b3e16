import type { Migration } from '#platform/database/index'

export type ImportTables = {
  /** Runs that were brought from elsewhere: what the source said when all of it was here; empty while it is not. */
  imported_runs: { run_number: number; mark: string }
}

export const importMigrations: readonly Migration[] = [
  {
    number: 26,
    name: 'imported runs',
    up: async (query) => {
      await query.schema
        .createTable('imported_runs')
        .addColumn('run_number', 'bigint', (column) => column.primaryKey())
        .addColumn('mark', 'text', (column) => column.notNull())
        .execute()
    },
  },
]
