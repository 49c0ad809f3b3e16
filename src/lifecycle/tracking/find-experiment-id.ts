import type { Client } from '#contract/endpoint'
import type { trackingContract } from './contract.ts'

/** The id of an experiment that a person names, by name or id. */
export async function findExperimentId(
  tracking: Pick<Client<typeof trackingContract>, 'listExperiments'>,
  nameOrId: string,
): Promise<string> {
  if (/^\d+$/.test(nameOrId)) return nameOrId
  const { fail } = await import('#contract/errors')
  const { nearestName } = await import('#platform/nearest-name')
  const { items } = await tracking.listExperiments({ limit: 1000, view: 'all' })
  const found = items.find(({ name }) => name === nameOrId)
  if (found !== undefined) return found.id
  const names = items.map(({ name }) => name)
  const meant = nearestName(nameOrId, names)
  return fail('not_found', `There is no experiment "${nameOrId}".`, {
    hint: meant === undefined ? `Known: ${names.slice(0, 20).join(', ')}.` : `Did you mean "${meant}"?`,
  })
}
