import type { Events } from '#platform/events'
import type { RegistryStore } from './store.ts'

interface AnnouncementDependencies {
  readonly store: RegistryStore
  readonly events: Pick<Events, 'emit'>
}

export type Announce = () => Promise<void>

/**
 * Emits the events of everything that was decided and not yet told, in order. A process may die between deciding and
 * telling; whoever changes the registry next, or starts the program, tells it then. So an event comes at least once.
 */
export function createAnnounce(dependencies: AnnouncementDependencies): Announce {
  let turn = Promise.resolve()
  return () => {
    // One at a time, or two would tell the same.
    const next = turn.then(() => tellSilent(dependencies))
    turn = next.catch(() => undefined)
    return next
  }
}

async function tellSilent({ store, events }: AnnouncementDependencies): Promise<void> {
  for (const { sequence, ...event } of await store.silentNews()) {
    await events.emit(event)
    await store.newsTold(sequence)
  }
  for (const version of await store.silentVersions()) {
    await events.emit({
      type: 'model.registered',
      subject: `model/${version.name}@${version.version}`,
      actor: version.created_by,
      payload: {
        model: version.name,
        version: version.version,
        runId: version.run_id,
        verdict: version.verdict,
      },
    })
    await store.versionTold(version.model_number, version.version)
  }
  for (const move of await store.silentTransitions()) {
    const { sequence, model, alias, fromVersion, toVersion, kind, reason, forced } = move
    await events.emit({
      type: toVersion === null ? 'model.alias_removed' : 'model.alias_set',
      subject: `model/${model}`,
      actor: move.actor,
      payload: { model, alias, version: toVersion, previous: fromVersion, kind, reason, forced },
    })
    await store.transitionTold(sequence)
  }
}
