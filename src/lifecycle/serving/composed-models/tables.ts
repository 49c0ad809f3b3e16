import type { Migration } from '#platform/database/index'

export type ComposedModelTables = {
  /** What a graph of models, or a model of another server, was at each version; written once. */
  composed_models: {
    /** Such as `graph/returns`. */
    model: string
    version: number
    /** Of the document: the same again is the same version. */
    digest: string
    /** `ComposedDocument` as JSON. */
    document: string
    created_at: number
  }
}

export const composedModelMigrations: readonly Migration[] = [
  {
    number: 77,
    name: 'composed models',
    up: async (query) => {
      await query.schema
        .createTable('composed_models')
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('composed_models_key', ['model', 'version'])
        .execute()
    },
  },
]
