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

    /** Each webhook that something waits for, and when the first of it is due. By webhook: of each only one row is read. */
    waiting: async (): Promise<{ webhookId: string; dueAt: number }[]> => {
      const rows = await query
        .selectFrom('webhooks')
        .select('id')
        .select((select) =>
          select
            .selectFrom('webhook_deliveries')
            .select('due_at')
            .whereRef('webhook_id', '=', 'webhooks.id')
            .where('state', '=', 'pending')
            .orderBy('sequence')
            .limit(1)
            .as('due_at'),
        )
        .execute()
      return rows.flatMap(({ id, due_at: dueAt }) => (dueAt === null ? [] : [{ webhookId: id, dueAt }]))
    },

    /** What has waited since before then is not sent any more. */
    giveUp: async (
      webhookId: string,
      { createdBefore, now, error }: { createdBefore: number; now: number; error: string },
    ): Promise<void> => {
      await query
        .updateTable('webhook_deliveries')
        .set({ state: 'failed', finished_at: now, error })
        .where('webhook_id', '=', webhookId)
        .where('state', '=', 'pending')
        .where('created_at', '<', createdBefore)
        .execute()
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
