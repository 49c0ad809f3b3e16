import { sql } from 'kysely'
import type { Migration } from '#platform/database/index'

export type ServingTables = {
  /** Every state that a deployment was ever in; the newest of a name is the one that holds. */
  deployment_revisions: {
    revision: number
    deployment: string
    state: 'active' | 'stopped'
    model: string
    variants: string
    /** `DeploymentSettings` as JSON, as they were then. */
    settings: string
    time: number
    actor: string
    reason: string
  }
}

export const servingMigrations: readonly Migration[] = [
  {
    number: 70,
    name: 'deployment revisions',
    up: async (query) => {
      await query.schema
        .createTable('deployment_revisions')
        .addColumn('revision', 'bigint', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('variants', 'text', (column) => column.notNull())
        .addColumn('sticky', 'text', (column) => column.notNull())
        .addColumn('log', 'text', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .execute()
      await query.schema
        .createIndex('deployment_revisions_deployment')
        .on('deployment_revisions')
        .columns(['deployment', 'revision'])
        .execute()
    },
  },
  {
    number: 71,
    name: 'settings of a deployment revision',
    up: async (query) => {
      await query.schema
        .alterTable('deployment_revisions')
        .addColumn('settings', 'text', (column) => column.notNull().defaultTo('{}'))
        .execute()
      await sql`UPDATE deployment_revisions SET settings =
        '{"model":"' || model || '","sticky":"' || sticky || '","log":"' || log || '"}'`.execute(query)
      await query.schema.alterTable('deployment_revisions').dropColumn('sticky').execute()
      await query.schema.alterTable('deployment_revisions').dropColumn('log').execute()
    },
  },
]
