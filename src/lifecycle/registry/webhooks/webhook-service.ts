import { randomUUID } from 'node:crypto'
import type { Caller } from '#contract/endpoint'
import { fail, messageOf } from '#contract/errors'
import { pageFrom } from '#lifecycle/tracking/index'
import type { Platform } from '#platform/platform'
import type { RegistryStore } from '../store.ts'
import { createDelivery } from './delivery.ts'
import { createDeliveryStore } from './delivery-store.ts'
import { exampleData } from './example.ts'
import { bodyOf, createRecorder } from './recorder.ts'
import { send } from './send.ts'
import type { WebhookTables } from './tables.ts'
import { parseTarget, resolveTarget } from './target.ts'
import { checkWebhookEvent, type WebhookEvent } from './webhook-event.ts'
import { createWebhookStore, type Webhook, type WebhookStatus } from './webhook-store.ts'

export interface WebhookRequest {
  readonly name: string
  readonly url: string
  readonly events: readonly { readonly entity: string; readonly action: string }[]
  readonly description?: string
  readonly secret?: string
  readonly status?: WebhookStatus
}

export interface WebhookTest {
  readonly success: boolean
  readonly status?: number
  readonly body?: string
  readonly error?: string
}

export type WebhookService = ReturnType<typeof createWebhookService>

const longest = { url: 2000, description: 1000, secret: 1000 } as const

/** The rules of webhooks: who is told what happens in the registry, where, and signed with what. */
export function createWebhookService({
  platform,
  store,
}: {
  readonly platform: Platform
  readonly store: Pick<RegistryStore, 'isPrompt'>
}) {
  const { clock, config, database, jobs, log } = platform
  const query = database.query.withTables<WebhookTables>()
  const webhooks = createWebhookStore(query)
  const deliveries = createDeliveryStore(query)
  const rules = { allowPrivate: config.webhookPrivateHosts }
  const delivery = createDelivery({ webhooks, deliveries, jobs, clock, log, rules })

  const getWebhook = async (id: string): Promise<Webhook> =>
    (isId(id) ? await webhooks.webhook(id) : undefined) ??
    fail('not_found', `Webhook with ID ${id.slice(0, 100)} not found.`)

  const checkUrl = async (url: string): Promise<void> => {
    checkLength('url', url)
    try {
      await resolveTarget(parseTarget(url, rules), rules)
    } catch (error) {
      fail('invalid_input', messageOf(error), { at: 'url', cause: error })
    }
  }

  return {
    /** Writes down, within a transaction, what webhooks are to be told. */
    record: createRecorder({ store, webhooks, deliveries, clock }),
    /** Has sent what was written down; call it after the transaction, and when the program starts. */
    wake: delivery.wake,
    jobKind: delivery.jobKind,

    getWebhook,

    createWebhook: async (request: WebhookRequest, caller: Pick<Caller, 'name'>): Promise<Webhook> => {
      checkName(request.name)
      checkLength('description', request.description)
      checkLength('secret', request.secret)
      const events = checkEvents(request.events)
      await checkUrl(request.url)
      const id = randomUUID()
      const now = clock.now()
      const { name, url, description = null, secret = null, status = 'ACTIVE' } = request
      await webhooks.insertWebhook({
        id,
        name,
        url,
        events,
        description,
        status,
        secret: secret === '' ? null : secret,
        createdAt: now,
        createdBy: caller.name,
        updatedAt: now,
      })
      return getWebhook(id)
    },

    /** Newest first. */
    listWebhooks: (page: { readonly limit: number; readonly after?: string }) =>
      pageFrom(page, webhooks.webhooks),

    updateWebhook: async (id: string, change: Partial<WebhookRequest>): Promise<Webhook> => {
      await getWebhook(id)
      if (change.name !== undefined) checkName(change.name)
      checkLength('description', change.description)
      checkLength('secret', change.secret)
      const { events, ...rest } = change
      const checked = events === undefined ? undefined : checkEvents(events)
      if (change.url !== undefined) await checkUrl(change.url)
      await webhooks.updateWebhook(
        id,
        { ...rest, ...(checked === undefined ? {} : { events: checked }) },
        clock.now(),
      )
      return getWebhook(id)
    },

    /** What waited for it is not sent any more. */
    deleteWebhook: async (id: string): Promise<void> => {
      await getWebhook(id)
      await webhooks.deleteWebhook(id)
    },

    /** Sends an event that did not happen, once, and answers what came back. */
    testWebhook: async (
      id: string,
      event: { readonly entity: string; readonly action: string } | undefined,
      signal: AbortSignal,
    ): Promise<WebhookTest> => {
      const { url, events } = await getWebhook(id)
      const [first] = events
      const tested = checkWebhookEvent(event ?? first ?? fail('conflict', 'The webhook has no event.'))
      const now = clock.now()
      const letter = {
        url,
        now,
        deliveryId: randomUUID(),
        body: bodyOf(tested, exampleData(tested), now),
        secret: await webhooks.secretOf(id),
      }
      try {
        const { status, body } = await send(letter, rules, signal)
        return { success: status < 400, status, body }
      } catch (error) {
        return { success: false, error: `Failed to test webhook: ${messageOf(error)}` }
      }
    },
  }
}

function checkName(name: string): void {
  if (/^(?=.{1,63}$)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(name)) return
  fail('invalid_input', `Webhook name '${name.slice(0, 80)}' is invalid.`, {
    at: 'name',
    hint: 'It must start and end with a letter or digit, have at most 63 characters, and contain only letters, digits, ".", "_" and "-".',
  })
}

function checkEvents(events: WebhookRequest['events']): WebhookEvent[] {
  if (events.length === 0) fail('invalid_input', 'Webhook events must be a non-empty list.', { at: 'events' })
  return [...new Map(events.map((event) => [`${event.entity}.${event.action}`, event])).values()].map(
    checkWebhookEvent,
  )
}

function checkLength(field: keyof typeof longest, text: string | undefined): void {
  if (text === undefined || (text.length <= longest[field] && !text.includes('\0'))) return
  fail('invalid_input', `The ${field} of a webhook has at most ${longest[field]} characters, and no NUL.`, {
    at: field,
  })
}

function isId(text: string): boolean {
  return /^[0-9a-f-]{36}$/.test(text)
}
