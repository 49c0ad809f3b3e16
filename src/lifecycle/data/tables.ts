import type { Migration } from '#platform/database/index'
import { policyMigration } from './personal/policy-tables.ts'
import { sourcesMigration, type SourceTables } from './sources/source-tables.ts'
import { failuresMigration } from './checks/failures/failures-store.ts'
import { remotesMigration, type RemotesTables } from './remotes/tables.ts'

export type DataTables = RemotesTables &
  SourceTables & {
    datasets: { name: string; created_at: number; created_by: string }
    dataset_versions: {
      dataset: string
      version: number
      digest: string
      row_count: number
      size_bytes: number
      part_count: number
      /** Columns and parts as JSON. */
      manifest: string
      profile_digest: string
      validation: string
      source: string
      parent: number | null
      code: string | null
      created_at: number
      created_by: string
      /** 1 once `data.arrived` was told. */
      announced: number
      kind: string
      /** The step of a pipeline that made it, as JSON. */
      produced_by: string | null
    }
    dataset_tags: { dataset: string; tag: string; version: number; created_at: number; created_by: string }
    dataset_rejections: {
      id: string
      dataset: string
      /** Of the bytes and the rules they were judged by: the same again has the same answer. */
      judged: string
      files: string
      reason: string
      validation: string | null
      times: number
      created_at: number
      created_by: string
      announced: number
    }
    dataset_downloads: {
      dataset: string
      url: string
      etag: string | null
      last_modified: string | null
      digest: string
      fetched_at: number
    }
  }

export const dataMigrations: readonly Migration[] = [
  {
    number: 10,
    name: 'datasets',
    up: async (query) => {
      const { schema } = query
      await schema
        .createTable('datasets')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .execute()
      await schema
        .createTable('dataset_versions')
        .addColumn('dataset', 'text', (column) => column.notNull().references('datasets.name'))
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('row_count', 'bigint', (column) => column.notNull())
        .addColumn('size_bytes', 'bigint', (column) => column.notNull())
        .addColumn('part_count', 'bigint', (column) => column.notNull())
        .addColumn('manifest', 'text', (column) => column.notNull())
        .addColumn('profile_digest', 'text', (column) => column.notNull())
        .addColumn('validation', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('parent', 'bigint')
        .addColumn('code', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('announced', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('dataset_versions_key', ['dataset', 'version'])
        .execute()
      await schema
        .createTable('dataset_rejections')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('dataset', 'text', (column) => column.notNull())
        .addColumn('judged', 'text', (column) => column.notNull())
        .addColumn('files', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('validation', 'text')
        .addColumn('times', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('announced', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('dataset_rejections_judged', ['dataset', 'judged'])
        .execute()
      await schema
        .createTable('dataset_downloads')
        .addColumn('dataset', 'text', (column) => column.notNull())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('etag', 'text')
        .addColumn('last_modified', 'text')
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('fetched_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('dataset_downloads_key', ['dataset', 'url'])
        .execute()
    },
  },
  {
    number: 11,
    name: 'dataset kinds and tags',
    up: async ({ schema }) => {
      await schema
        .alterTable('dataset_versions')
        .addColumn('kind', 'text', (column) => column.notNull().defaultTo('table'))
        .execute()
      await schema.alterTable('dataset_versions').addColumn('produced_by', 'text').execute()
      await schema
        .createTable('dataset_tags')
        .addColumn('dataset', 'text', (column) => column.notNull().references('datasets.name'))
        .addColumn('tag', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('dataset_tags_key', ['dataset', 'tag'])
        .execute()
    },
  },
  remotesMigration,
  sourcesMigration,
  failuresMigration,
  policyMigration,
]
