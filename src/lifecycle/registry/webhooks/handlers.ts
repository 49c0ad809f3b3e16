import type { Handlers } from '#contract/endpoint'
import type { webhookContract } from './contract.ts'
import type { Webhook } from './webhook-store.ts'
import type { WebhookService } from './webhook-service.ts'

export function webhookHandlers(service: WebhookService): Handlers<typeof webhookContract> {
  return {
    listWebhooks: async ({ limit, after }) => {
      const { items, ...page } = await service.listWebhooks({
        limit,
        ...(after === undefined ? {} : { after }),
      })
      return { items: items.map(shown), ...page }
    },
    addWebhook: async ({ name, url, events, description, secret }, { caller }) =>
      shown(
        await service.createWebhook(
          {
            name,
            url,
            events,
            ...(description === undefined ? {} : { description }),
            ...(secret === undefined ? {} : { secret }),
          },
          caller,
        ),
      ),
    removeWebhook: async ({ id }) => {
      await service.deleteWebhook(id)
      return {}
    },
    testWebhook: ({ id }, { signal }) =>
      service.testWebhook(id, undefined, signal ?? new AbortController().signal),
  }
}

function shown({ events, ...webhook }: Webhook) {
  return { ...webhook, events: [...events] }
}
