import type { RegistryService } from '#lifecycle/registry/index'
import { call, nothing, type MlflowCall } from '../call.ts'
import { integer, list, message, oneOf, required, text } from '../message.ts'
import { webhookDocument } from '../registry-documents.ts'
import { pageLimit } from '../registry-fields.ts'

/** As protocol buffers count them. */
const entity = oneOf({
  REGISTERED_MODEL: 1,
  MODEL_VERSION: 2,
  MODEL_VERSION_TAG: 3,
  MODEL_VERSION_ALIAS: 4,
  PROMPT: 5,
  PROMPT_VERSION: 6,
  PROMPT_TAG: 7,
  PROMPT_VERSION_TAG: 8,
  PROMPT_ALIAS: 9,
  BUDGET_POLICY: 10,
})
const action = oneOf({ CREATED: 1, UPDATED: 2, DELETED: 3, SET: 4, EXCEEDED: 5 })
const event = message({ entity: required(entity), action: required(action) })
const status = oneOf({ ACTIVE: 1, DISABLED: 2 })
const byId = { webhook_id: required(text) }

/** Who is told what happens in the registry. Secrets come in and never go out. */
export function webhookCalls({ webhooks }: RegistryService): MlflowCall[] {
  return [
    call({
      methods: ['POST'],
      path: 'webhooks',
      permission: 'admin',
      request: message({
        name: required(text),
        url: required(text),
        events: required(list(event)),
        description: text,
        secret: text,
        status,
      }),
      answer: async ({ name, url, events, ...optional }, { caller }) => ({
        webhook: webhookDocument(
          await webhooks.createWebhook(
            { name, url, events: events.map(lowered), ...given(optional) },
            caller,
          ),
        ),
      }),
    }),
    call({
      methods: ['GET'],
      path: 'webhooks',
      permission: 'read',
      request: message({ max_results: integer, page_token: text }),
      answer: async ({ max_results, page_token }) => {
        const { items, next } = await webhooks.listWebhooks({
          // None is written as 0 here.
          limit: pageLimit(max_results === 0 ? undefined : max_results, { usual: 100, most: 1000 }),
          ...(page_token === undefined ? {} : { after: page_token }),
        })
        return { webhooks: items.map(webhookDocument), next_page_token: next }
      },
    }),
    call({
      methods: ['GET'],
      path: 'webhooks/:webhook_id',
      permission: 'read',
      request: message(byId),
      answer: async ({ webhook_id }) => ({ webhook: webhookDocument(await webhooks.getWebhook(webhook_id)) }),
    }),
    call({
      methods: ['PATCH'],
      path: 'webhooks/:webhook_id',
      permission: 'admin',
      request: message({
        ...byId,
        name: text,
        url: text,
        events: list(event),
        description: text,
        secret: text,
        status,
      }),
      answer: async ({ webhook_id, name, url, events = [], ...optional }) => ({
        webhook: webhookDocument(
          await webhooks.updateWebhook(webhook_id, {
            ...given(optional),
            ...(name === undefined || name === '' ? {} : { name }),
            ...(url === undefined || url === '' ? {} : { url }),
            ...(events.length === 0 ? {} : { events: events.map(lowered) }),
          }),
        ),
      }),
    }),
    call({
      methods: ['DELETE'],
      path: 'webhooks/:webhook_id',
      permission: 'admin',
      request: message(byId),
      answer: async ({ webhook_id }) => {
        await webhooks.deleteWebhook(webhook_id)
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'webhooks/:webhook_id/test',
      permission: 'admin',
      request: message({ ...byId, event }),
      answer: async ({ webhook_id, event: tested }, { signal }) => {
        const {
          success,
          status: response_status,
          body,
          error,
        } = await webhooks.testWebhook(
          webhook_id,
          tested === undefined ? undefined : lowered(tested),
          signal ?? new AbortController().signal,
        )
        return { result: { success, response_status, response_body: body, error_message: error } }
      },
    }),
  ]
}

function lowered(named: { readonly entity: string; readonly action: string }) {
  return { entity: named.entity.toLowerCase(), action: named.action.toLowerCase() }
}

interface Optional {
  readonly description?: string | undefined
  readonly secret?: string | undefined
  readonly status?: 'ACTIVE' | 'DISABLED' | undefined
}

function given({ description, secret, status: wanted }: Optional) {
  return {
    ...(description === undefined ? {} : { description }),
    ...(secret === undefined ? {} : { secret }),
    ...(wanted === undefined ? {} : { status: wanted }),
  }
}
