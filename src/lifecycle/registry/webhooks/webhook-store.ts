import type { Kysely, Selectable } from 'kysely'
import type { WebhookTables } from './tables.ts'
import type { WebhookEvent } from './webhook-event.ts'

type Query = Kysely<WebhookTables>

export type WebhookStatus = WebhookTables['webhooks']['status']

export interface Webhook {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly url: string
  readonly status: WebhookStatus
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly events: readonly WebhookEvent[]
}

export interface WebhookChange {
  readonly name?: string
  readonly description?: string
  readonly url?: string
  readonly secret?: string
  readonly status?: WebhookStatus
  readonly events?: readonly WebhookEvent[]
}

/** All SQL about webhooks. */
export function createWebhookStore(query: Query) {
  const setEvents = async (
    transaction: Query,
    id: string,
    events: readonly WebhookEvent[],
  ): Promise<void> => {
    await transaction.deleteFrom('webhook_events').where('webhook_id', '=', id).execute()
    await transaction
      .insertInto('webhook_events')
      .values(events.map(({ entity, action }) => ({ webhook_id: id, entity, action })))
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }

  return {
    insertWebhook: async (webhook: Webhook & { readonly secret: string | null }): Promise<void> => {
      await query.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('webhooks')
          .values({
            id: webhook.id,
            name: webhook.name,
            description: webhook.description,
            url: webhook.url,
            secret: webhook.secret,
            status: webhook.status,
            created_at: webhook.createdAt,
            created_by: webhook.createdBy,
            updated_at: webhook.updatedAt,
          })
          .execute()
        await setEvents(transaction, webhook.id, webhook.events)
      })
    },

    /** Newest first. */
    webhooks: async ({ limit, offset }: { limit: number; offset: number }): Promise<Webhook[]> =>
      withEvents(
        query,
        await query
          .selectFrom('webhooks')
          .selectAll()
          .orderBy('created_at', 'desc')
          .orderBy('id')
          .limit(limit)
          .offset(offset)
          .execute(),
      ),

    webhook: async (id: string): Promise<Webhook | undefined> => {
      const rows = await query.selectFrom('webhooks').selectAll().where('id', '=', id).execute()
      return (await withEvents(query, rows))[0]
    },

    secretOf: async (id: string): Promise<string | null> => {
      const row = await query.selectFrom('webhooks').select('secret').where('id', '=', id).executeTakeFirst()
      return row?.secret ?? null
    },

    updateWebhook: async (id: string, { events, ...change }: WebhookChange, now: number): Promise<void> => {
      await query.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('webhooks')
          .set({ ...change, updated_at: now })
          .where('id', '=', id)
          .execute()
        if (events !== undefined) await setEvents(transaction, id, events)
      })
    },

    deleteWebhook: async (id: string): Promise<void> =>
      query.transaction().execute(async (transaction) => {
        for (const table of ['webhook_deliveries', 'webhook_events'] as const) {
          await transaction.deleteFrom(table).where('webhook_id', '=', id).execute()
        }
        await transaction.deleteFrom('webhooks').where('id', '=', id).execute()
      }),

    /** The active webhooks that want to know of the event. */
    subscribers: async (transaction: Query, { entity, action }: WebhookEvent): Promise<string[]> => {
      const rows = await transaction
        .selectFrom('webhook_events')
        .innerJoin('webhooks', 'webhooks.id', 'webhook_events.webhook_id')
        .select('webhooks.id')
        .where('entity', '=', entity)
        .where('action', '=', action)
        .where('status', '=', 'ACTIVE')
        .execute()
      return rows.map(({ id }) => id)
    },
  }
}

async function withEvents(
  query: Query,
  rows: readonly Selectable<WebhookTables['webhooks']>[],
): Promise<Webhook[]> {
  if (rows.length === 0) return []
  const events = await query
    .selectFrom('webhook_events')
    .selectAll()
    .where(
      'webhook_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('entity')
    .orderBy('action')
    .execute()
  const byWebhook = Map.groupBy(events, (event) => event.webhook_id)
  // Without the secret, which nothing but a delivery reads.
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    url: row.url,
    status: row.status,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    events: (byWebhook.get(row.id) ?? []).map(({ entity, action }) => ({ entity, action })),
  }))
}
