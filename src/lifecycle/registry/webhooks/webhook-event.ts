import { fail } from '#contract/errors'
import type { RegistryTransaction } from '../store.ts'

/** What can be subscribed to, as MLflow names it, and what may happen to each. */
export const webhookActions = {
  registered_model: ['created'],
  model_version: ['created'],
  model_version_tag: ['set', 'deleted'],
  model_version_alias: ['created', 'deleted'],
  prompt: ['created'],
  prompt_version: ['created'],
  prompt_tag: ['set', 'deleted'],
  prompt_version_tag: ['set', 'deleted'],
  prompt_alias: ['created', 'deleted'],
  /** May be subscribed to; nothing here makes one. */
  budget_policy: ['exceeded'],
} as const satisfies Record<string, readonly string[]>

export type WebhookEntity = keyof typeof webhookActions
export type WebhookAction = 'created' | 'set' | 'deleted' | 'exceeded'

export interface WebhookEvent {
  readonly entity: WebhookEntity
  readonly action: WebhookAction
}

export function checkWebhookEvent({ entity, action }: { entity: string; action: string }): WebhookEvent {
  const actions = Object.hasOwn(webhookActions, entity)
    ? (webhookActions[entity as WebhookEntity] as readonly string[])
    : fail('invalid_input', `"${entity}" is nothing that a webhook can be about.`, {
        at: 'events',
        hint: `Use one of ${Object.keys(webhookActions).join(', ')}.`,
      })
  if (actions.includes(action)) return { entity: entity as WebhookEntity, action: action as WebhookAction }
  return fail(
    'invalid_input',
    `Invalid action '${action}' for entity '${entity}'. Valid actions are: ${actions.join(', ')}`,
    { at: 'events' },
  )
}

/**
 * What happened in the registry, as those who make it happen say it. Whether it happened to a model or to a prompt, which
 * have events of their own, is known to the recorder.
 */
export type RegistryHappening =
  | { readonly entity: 'model'; readonly action: 'created'; readonly data: ModelData }
  | { readonly entity: 'version'; readonly action: 'created'; readonly data: VersionData }
  | {
      readonly entity: 'model tag' | 'version tag'
      readonly action: 'set' | 'deleted'
      readonly data: TagData
    }
  | { readonly entity: 'alias'; readonly action: 'created' | 'deleted'; readonly data: AliasData }

interface ModelData {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  readonly description: string
}

interface VersionData {
  readonly name: string
  readonly version: string
  readonly source: string
  readonly run_id: string | null
  readonly tags: Readonly<Record<string, string>>
  readonly description: string | null
}

interface TagData {
  readonly name: string
  readonly version?: string
  readonly key: string
  readonly value?: string
}

interface AliasData {
  readonly name: string
  readonly alias: string
  readonly version?: string
}

/** Writes down what the webhooks have to be told, in the transaction in which it happens. */
export type RecordHook = (
  transaction: RegistryTransaction,
  modelNumber: number,
  happening: RegistryHappening,
) => Promise<void>
