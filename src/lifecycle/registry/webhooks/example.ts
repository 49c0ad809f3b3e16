import type { WebhookEvent } from './webhook-event.ts'

const name = 'example'
const version = '1'
const description = 'Made up, to test a webhook'
const tags = { example_key: 'example_value' }
const tag = { key: 'example_key', value: 'example_value' }
const alias = 'champion'

/** What a test of a webhook sends: an event that did not happen, in the form of one that could. */
export function exampleData({ entity, action }: WebhookEvent): unknown {
  const removed = action === 'deleted'
  switch (entity) {
    case 'registered_model':
    case 'prompt':
      return { name, tags, description }
    case 'model_version':
      return { name, version, source: 'models:/m-0', run_id: '0'.repeat(32), tags, description }
    case 'prompt_version':
      return { name, version, template: 'Hello {{name}}!', tags, description }
    case 'model_version_tag':
    case 'prompt_version_tag':
      return { name, version, ...(removed ? { key: tag.key } : tag) }
    case 'prompt_tag':
      return { name, ...(removed ? { key: tag.key } : tag) }
    case 'model_version_alias':
    case 'prompt_alias':
      return removed ? { name, alias } : { name, alias, version }
    case 'budget_policy':
      return { budget_policy_id: name }
  }
}
