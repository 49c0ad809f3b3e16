import type { FoundRegisteredModel, ModelVersion, Webhook } from '#lifecycle/registry/index'
import type { Json } from './call.ts'
import { keyValues } from './documents.ts'

/** The registry's nouns as MLflow's clients read them. */

export function registeredModelDocument({ model, latestVersions }: FoundRegisteredModel): Json {
  return {
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    ...(model.description === '' ? {} : { description: model.description }),
    latest_versions: latestVersions.map(modelVersionDocument),
    tags: keyValues(model.tags),
    aliases: Object.entries(model.aliases).map(([alias, version]) => ({ alias, version: String(version) })),
  }
}

/** A version that came with its files has no source of its own; its name says where they are. */
export function modelVersionDocument(version: ModelVersion): Json {
  return {
    name: version.model,
    version: String(version.version),
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
    user_id: version.createdBy,
    current_stage: version.stage,
    description: version.description,
    source: version.source ?? `models:/${version.model}/${version.version}`,
    run_id: version.runId ?? '',
    status: 'READY',
    run_link: version.runLink ?? '',
    tags: keyValues(version.tags),
    aliases: version.aliases,
    ...(version.modelId === null ? {} : { model_id: version.modelId }),
  }
}

export function webhookDocument(webhook: Webhook): Json {
  return {
    webhook_id: webhook.id,
    name: webhook.name,
    ...(isEmpty(webhook.description) ? {} : { description: webhook.description }),
    url: webhook.url,
    events: webhook.events.map(({ entity, action }) => ({
      entity: entity.toUpperCase(),
      action: action.toUpperCase(),
    })),
    status: webhook.status,
    creation_timestamp: webhook.createdAt,
    last_updated_timestamp: webhook.updatedAt,
  }
}

function isEmpty(text: string | null): boolean {
  return text === null || text === ''
}
