import type { Migration } from '#platform/database/index'

export type PolicyTables = {
  dataset_policies: {
    dataset: string
    /** The classes and rules that the project gave last, as JSON: they outlive the dataset's place in the project. */
    policy: string
    updated_at: number
  }
}

export const policyMigration: Migration = {
  number: 16,
  name: 'classes of columns',
  up: async ({ schema }) => {
    await schema
      .createTable('dataset_policies')
      .addColumn('dataset', 'text', (column) => column.primaryKey())
      .addColumn('policy', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute()
  },
}
