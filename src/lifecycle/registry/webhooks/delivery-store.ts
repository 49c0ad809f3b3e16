import type { Kysely, Selectable } from 'kysely'
import type { WebhookTables } from './tables.ts'
import type { WebhookEvent } from './webhook-event.ts'

type Query = Kysely<WebhookTables>
export type DeliveryRow = Selectable<WebhookTables['webhook_deliveries']>

/** All SQL about what is to be sent to webhooks. */
export function createDeliveryStore(query: Query) {
  return {
    addDelivery: async (
      transaction: Query,
      delivery: WebhookEvent & { id: string; webhookId: string; body: string; now: number },
    ): Promise<void> => {
      await transaction
        .insertInto('webhook_deliveries')
        .values({
          id: delivery.id,
          webhook_id: delivery.webhookId,
          entity: delivery.entity,
          action: delivery.action,
          body: delivery.body,
          state: 'pending',
          created_at: delivery.now,
          attempts: 0,
          due_at: delivery.now,
          finished_at: null,
          response_status: null,
          error: null,
        })
        .execute()
    },

    /** What the webhook has to be told next. */
    nextDelivery: async (webhookId: string): Promise<DeliveryRow | undefined> =>
      query
        .selectFrom('webhook_deliveries')
        .selectAll()
        .where('webhook_id', '=', webhookId)
        .where('state', '=', 'pending')
        .orderBy('sequence')
        .limit(1)
        .executeTakeFirst(),

    /** Each webhook that something waits for, and when the first of it is due. */
    waiting: async (): Promise<{ webhookId: string; dueAt: number }[]> => {
      const rows = await query
        .selectFrom('webhook_deliveries as first')
        .select(['webhook_id', 'due_at'])
        .where('state', '=', 'pending')
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('webhook_deliveries as earlier')
                .select('sequence')
                .whereRef('earlier.webhook_id', '=', 'first.webhook_id')
                .whereRef('earlier.sequence', '<', 'first.sequence')
                .where('earlier.state', '=', 'pending'),
            ),
          ),
        )
        .execute()
      return rows.map((row) => ({ webhookId: row.webhook_id, dueAt: row.due_at }))
    },

    noteAttempt: async (
      sequence: number,
      attempt: Pick<
        DeliveryRow,
        'state' | 'attempts' | 'due_at' | 'finished_at' | 'response_status' | 'error'
      >,
    ): Promise<void> => {
      await query.updateTable('webhook_deliveries').set(attempt).where('sequence', '=', sequence).execute()
    },

    forgetDeliveries: async (before: number): Promise<void> => {
      await query.deleteFrom('webhook_deliveries').where('finished_at', '<', before).execute()
    },
  }
}
