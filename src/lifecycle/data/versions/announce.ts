import type { Events } from '#platform/events'
import type { DataStore } from '../store.ts'

/**
 * Tells of versions and rejections that nobody has heard of. They are stored first and told afterwards, so a process
 * that dies in between leaves them for the next call; whoever listens may hear twice, and never not at all.
 */
export async function announce(
  dataset: string,
  { store, events }: { store: DataStore; events: Events },
): Promise<void> {
  for (const version of await store.unannouncedVersions(dataset)) {
    await events.emit({
      type: 'data.arrived',
      subject: `dataset/${dataset}@${version.version}`,
      actor: version.createdBy,
      payload: {
        dataset,
        version: version.version,
        digest: version.digest,
        kind: version.kind,
        rows: version.rows,
        files: version.files,
        parent: version.parent,
        outcome: version.outcome,
        quarantined: version.quarantined,
      },
    })
    await store.markVersionAnnounced(dataset, version.version)
  }
  for (const rejection of await store.unannouncedRejections(dataset)) {
    await events.emit({
      type: 'data.rejected',
      subject: `dataset/${dataset}`,
      actor: rejection.createdBy,
      payload: {
        dataset,
        rejection: rejection.id,
        paths: rejection.files.map(({ path }) => path),
        code: rejection.code,
        message: rejection.message,
      },
    })
    await store.markRejectionAnnounced(rejection.id)
  }
}
