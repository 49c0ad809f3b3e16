import { sql, type Generated } from 'kysely'
import { sequenceColumnType, type Migration } from '#platform/database/index'
import type { WebhookAction, WebhookEntity } from './webhook-event.ts'

export type WebhookTables = {
  webhooks: {
    id: string
    name: string
    description: string | null
    url: string
    /** Signs what is sent; never answered. */
    secret: string | null
    status: 'ACTIVE' | 'DISABLED'
    created_at: number
    created_by: string
    updated_at: number
  }
  webhook_events: { webhook_id: string; entity: WebhookEntity; action: WebhookAction }
  webhook_deliveries: {
    sequence: Generated<number>
    id: string
    webhook_id: string
    entity: WebhookEntity
    action: WebhookAction
    /** The JSON that is sent, the same at every try. */
    body: string
    state: 'pending' | 'delivered' | 'failed'
    created_at: number
    attempts: number
    due_at: number
    finished_at: number | null
    response_status: number | null
    error: string | null
  }
}

export const webhookMigrations: readonly Migration[] = [
  {
    number: 62,
    name: 'webhooks',
    up: async (query, engine) => {
      await query.schema
        .createTable('webhooks')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('description', 'text')
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('secret', 'text')
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute()
      await query.schema
        .createTable('webhook_events')
        .addColumn('webhook_id', 'text', (column) => column.notNull())
        .addColumn('entity', 'text', (column) => column.notNull())
        .addColumn('action', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('webhook_events_key', ['webhook_id', 'entity', 'action'])
        .execute()
      await query.schema
        .createTable('webhook_deliveries')
        .addColumn('sequence', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('id', 'text', (column) => column.notNull().unique())
        .addColumn('webhook_id', 'text', (column) => column.notNull())
        .addColumn('entity', 'text', (column) => column.notNull())
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('attempts', 'bigint', (column) => column.notNull())
        .addColumn('due_at', 'bigint', (column) => column.notNull())
        .addColumn('finished_at', 'bigint')
        .addColumn('response_status', 'bigint')
        .addColumn('error', 'text')
        .execute()
      // What is to be sent; empty nearly always.
      await sql`create index webhook_deliveries_pending on webhook_deliveries (webhook_id, sequence)
        where state = 'pending'`.execute(query)
      await sql`create index webhook_deliveries_finished on webhook_deliveries (finished_at)`.execute(query)
    },
  },
]
