import { setImmediate as breathe } from 'node:timers/promises'
import type { Platform } from '#platform/platform'
import { createPurgeStore, type PurgeCounts } from './purge-store.ts'
import type { TrackingTables } from './tables.ts'

export type { PurgeCounts }

const runsAtOnce = 200

export interface TrackingPurge {
  /** What would go: deleted softly before that time. */
  count(before: number): Promise<PurgeCounts>
  /** Deletes it, some at a time; cut off anywhere, the same call goes on. Answers how many after each batch. */
  purge(before: number, signal: AbortSignal): AsyncIterable<Omit<PurgeCounts, 'artifactBytes'>>
}

/** Deleting for good. The rows go; the bytes that they named are reclaimed when nobody else names them. */
export function createTrackingPurge({ database }: Pick<Platform, 'database'>): TrackingPurge {
  const store = createPurgeStore(database.query.withTables<TrackingTables>(), database.engine)
  return {
    count: store.count,
    purge: async function* (before, signal) {
      const counts = { runs: 0, experiments: 0, loggedModels: 0 }
      for (;;) {
        signal.throwIfAborted()
        const runs = await store.purgeRuns(before, runsAtOnce, signal)
        counts.runs += runs
        if (runs === 0) break
        yield { ...counts }
        await breathe()
      }
      for (;;) {
        signal.throwIfAborted()
        const models = await store.purgeLoggedModels(before, runsAtOnce)
        counts.loggedModels += models
        if (models === 0) break
        yield { ...counts }
        await breathe()
      }
      counts.experiments = await store.purgeExperiments(before)
      yield { ...counts }
    },
  }
}
