import { DevmlopsError, fail } from '#contract/errors'
import type { TrackingClient } from './delivery.ts'

/** The id of the experiment of this name, which is made if nobody has it. */
export async function experimentIdOf(tracking: TrackingClient, name: string): Promise<string> {
  const found = await findExperiment(tracking, name)
  if (found !== undefined) return found
  try {
    return (await tracking.createExperiment({ name })).id
  } catch (error) {
    if (!(error instanceof DevmlopsError) || error.code !== 'already_exists') throw error
    // Somebody else made it in between, or it is deleted.
    return (
      (await findExperiment(tracking, name)) ??
      fail('conflict', `The experiment "${name}" is deleted.`, { hint: 'Restore it, or use another name.' })
    )
  }
}

/** The ids of the experiments of these names; all of them must exist. */
export async function experimentIdsOf(tracking: TrackingClient, names: readonly string[]): Promise<string[]> {
  return Promise.all(
    names.map(
      async (name) =>
        (await findExperiment(tracking, name)) ??
        fail('not_found', `There is no experiment "${name}".`, { at: 'experiment' }),
    ),
  )
}

async function findExperiment(tracking: TrackingClient, name: string): Promise<string | undefined> {
  // Filters have no escapes: a name with both kinds of quotes is looked for among all of them.
  const quote = name.includes("'") ? '"' : "'"
  const filter = name.includes(quote) ? {} : { filter: `name = ${quote}${name}${quote}` }
  for (let after: string | undefined; ;) {
    const page = await tracking.listExperiments({
      ...filter,
      limit: 1000,
      ...(after === undefined ? {} : { after }),
    })
    const found = page.items.find((experiment) => experiment.name === name)
    if (found !== undefined || page.next === undefined) return found?.id
    after = page.next
  }
}
