import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Clock } from '#platform/clock'
import { promptTag } from '../registered-model-store.ts'
import type { RegistryStore } from '../store.ts'
import type { createDeliveryStore } from './delivery-store.ts'
import type { WebhookTables } from './tables.ts'
import type { RecordHook, RegistryHappening, WebhookEvent } from './webhook-event.ts'
import type { createWebhookStore } from './webhook-store.ts'

interface RecorderDependencies {
  readonly store: Pick<RegistryStore, 'isPrompt'>
  readonly webhooks: ReturnType<typeof createWebhookStore>
  readonly deliveries: ReturnType<typeof createDeliveryStore>
  readonly clock: Clock
}

/** Tags that say that something is a prompt; receivers learn that from the event's name. */
const promptMarks = [promptTag, '_mlflow_prompt_type']
const promptText = 'mlflow.prompt.text'

/**
 * Writes down what each webhook has to be told, in the transaction in which it happens: so it is told if and only if it
 * happened, whatever becomes of the process.
 */
export function createRecorder({ store, webhooks, deliveries, clock }: RecorderDependencies): RecordHook {
  return async (transaction, modelNumber, happening) => {
    const isPrompt = await store.isPrompt(modelNumber, transaction)
    const event = eventOf(happening, isPrompt)
    if (event === undefined) return
    // One transaction over the tables of both.
    const shared = transaction as unknown as Kysely<WebhookTables>
    const subscribers = await webhooks.subscribers(shared, event)
    if (subscribers.length === 0) return
    const now = clock.now()
    const body = bodyOf(event, isPrompt ? promptData(happening) : happening.data, now)
    for (const webhookId of subscribers) {
      await deliveries.addDelivery(shared, { ...event, id: randomUUID(), webhookId, body, now })
    }
  }
}

/** The JSON that is sent. Python's older readers of times know no `Z`. */
export function bodyOf({ entity, action }: WebhookEvent, data: unknown, now: number): string {
  const timestamp = new Date(now).toISOString().replace('Z', '+00:00')
  return JSON.stringify({ entity, action, timestamp, data })
}

/** MLflow has no event for the tags of a registered model that is no prompt. */
function eventOf({ entity, action }: RegistryHappening, isPrompt: boolean): WebhookEvent | undefined {
  const names = {
    model: isPrompt ? 'prompt' : 'registered_model',
    version: isPrompt ? 'prompt_version' : 'model_version',
    'model tag': isPrompt ? 'prompt_tag' : undefined,
    'version tag': isPrompt ? 'prompt_version_tag' : 'model_version_tag',
    alias: isPrompt ? 'prompt_alias' : 'model_version_alias',
  } as const
  const name = names[entity]
  return name === undefined ? undefined : { entity: name, action }
}

function promptData(happening: RegistryHappening): unknown {
  if (happening.entity === 'model') {
    return { ...happening.data, tags: without(happening.data.tags, promptMarks) }
  }
  if (happening.entity !== 'version') return happening.data
  const { name, version, tags, description } = happening.data
  return {
    name,
    version,
    template: tags[promptText] ?? null,
    tags: without(tags, [...promptMarks, promptText]),
    description,
  }
}

function without(tags: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)))
}
