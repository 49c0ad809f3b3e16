import type { Migration } from '#platform/database/index'

export type FeatureTables = {
  feature_view_versions: {
    view: string
    version: number
    digest: string
    /** The view as JSON. */
    definition: string
    created_at: number
    created_by: string
  }
  feature_uses: {
    id: string
    view: string
    version: number
    /** Names, as JSON. */
    features: string
    user_kind: string
    user_id: string
    user_name: string
    used_at: number
    used_by: string
  }
  splits: {
    id: string
    name: string
    rule_digest: string
    source_digest: string
    /** The whole record as JSON. */
    record: string
    created_at: number
    created_by: string
  }
  feature_materializations: {
    view: string
    version: number
    source_digest: string
    source_label: string
    key_count: number
    size_bytes: number
    /** Rows that were known up to this moment are in it; epoch milliseconds. */
    watermark: number
    /** Rows of the source up to the watermark: more of them later mean that some arrived late. */
    watermark_rows: number
    created_at: number
    created_by: string
  }
}

export const featureMigrations: readonly Migration[] = [
  {
    number: 36,
    name: 'feature views and splits',
    up: async ({ schema }) => {
      await schema
        .createTable('feature_view_versions')
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('definition', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('feature_view_versions_key', ['view', 'version'])
        .addUniqueConstraint('feature_view_versions_digest', ['view', 'digest'])
        .execute()
      await schema
        .createTable('feature_uses')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('features', 'text', (column) => column.notNull())
        .addColumn('user_kind', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('user_name', 'text', (column) => column.notNull())
        .addColumn('used_at', 'bigint', (column) => column.notNull())
        .addColumn('used_by', 'text', (column) => column.notNull())
        .execute()
      await schema.createIndex('feature_uses_view').on('feature_uses').columns(['view', 'used_at']).execute()
      await schema
        .createTable('splits')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('rule_digest', 'text', (column) => column.notNull())
        .addColumn('source_digest', 'text', (column) => column.notNull())
        .addColumn('record', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .execute()
    },
  },
  {
    number: 37,
    name: 'materialized feature views',
    up: async ({ schema }) => {
      await schema
        .createTable('feature_materializations')
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('source_digest', 'text', (column) => column.notNull())
        .addColumn('source_label', 'text', (column) => column.notNull())
        .addColumn('key_count', 'bigint', (column) => column.notNull())
        .addColumn('size_bytes', 'bigint', (column) => column.notNull())
        .addColumn('watermark', 'bigint', (column) => column.notNull())
        .addColumn('watermark_rows', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('feature_materializations_key', ['view', 'version'])
        .execute()
    },
  },
]
