import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import type { TrackingPurge } from '#lifecycle/tracking/index'
import type { Job, JobContext, JobKind } from '#platform/jobs/index'
import type { Platform } from '#platform/platform'
import type { Purge } from './contract.ts'
import type { Reclaim } from './reclaim.ts'

export interface PurgeDependencies {
  readonly platform: Platform
  readonly tracking: TrackingPurge
  readonly reclaim: Reclaim
  /** Predictions that are older than their log keeps them. */
  readonly expiredPredictions?: (how: { readonly remove: boolean }) => Promise<Purge['predictions']>
  /** Bytes younger than this may be about to be named: an upload may take that long. */
  readonly youngestBlobMs?: number
  /** Calls that read what is purged just before may still name its bytes; they end within this. */
  readonly settleMs?: number
}

interface PurgeRequest {
  /** Epoch milliseconds: what was deleted before goes. */
  readonly before: number
  readonly dryRun: boolean
  readonly compact: boolean
}

const kind = 'purge'
const hourMs = 3_600_000

export type PurgeService = ReturnType<typeof createPurgeService>

/**
 * Deletes for good what was deleted softly long enough ago, then the bytes that nobody names any more. Rows first: a
 * process that dies in between leaves bytes without a name, which the next purge finds, and never a name without bytes.
 */
export function createPurgeService(dependencies: PurgeDependencies) {
  const { platform, tracking, reclaim, youngestBlobMs = hourMs, settleMs = 2000 } = dependencies
  const { expiredPredictions = async () => noPredictions } = dependencies
  const { jobs, clock, database, events } = platform

  const run = async ({ job, signal, report }: JobContext): Promise<void> => {
    const { before, dryRun, compact } = job.payload as unknown as PurgeRequest
    const kept = (job.progress ?? {}) as Partial<PurgeProgress>
    let rows = kept.rows ?? noRows
    if (dryRun) rows = await tracking.count(before)
    else {
      const earlier = rows
      for await (const counts of tracking.purge(before, signal)) {
        rows = {
          runs: earlier.runs + counts.runs,
          experiments: earlier.experiments + counts.experiments,
          loggedModels: earlier.loggedModels + counts.loggedModels,
        }
        await report({ rows })
      }
      if (rows.runs + rows.loggedModels > 0) await pause(settleMs, undefined, { signal })
    }
    const oldest = Math.min(before, clock.now() - youngestBlobMs)
    const bytes = await reclaim({ before: oldest, signal, dryRun })
    const predictions = await expiredPredictions({ remove: !dryRun })
    const progress = { rows, bytes, predictions, database: await databaseSpace(compact && !dryRun) }
    await report(progress)
    if (dryRun) return
    await events.emit({
      type: 'purge.finished',
      subject: `purge/${job.id}`,
      actor: job.actor,
      payload: { ...rows, blobs: bytes.removed, blobBytes: bytes.removedBytes },
    })
  }

  /** SQLite keeps the pages of deleted rows for new ones; only a rewrite of the whole file gives them back. */
  const databaseSpace = async (compact: boolean): Promise<PurgeProgress['database']> => {
    if (database.engine !== 'sqlite') {
      if (compact) await sql`vacuum`.execute(database.query)
      return { freeBytes: 0, compacted: compact }
    }
    if (compact) await sql`vacuum`.execute(database.query)
    const read = async (name: string): Promise<number> => {
      const { rows } = await sql<Record<string, number>>`pragma ${sql.raw(name)}`.execute(database.query)
      return rows[0]?.[name] ?? 0
    }
    return { freeBytes: (await read('freelist_count')) * (await read('page_size')), compacted: compact }
  }

  const jobKind: JobKind = { kind, concurrency: 1, run }
  return {
    jobKind,

    start: async (
      request: { readonly olderThanMs: number; readonly dryRun: boolean; readonly compact: boolean },
      actor: string,
    ): Promise<Purge> => {
      const { olderThanMs, dryRun, compact } = request
      const job = await jobs.enqueue({
        kind,
        key: dryRun ? 'dry run' : 'purge',
        payload: { before: clock.now() - olderThanMs, dryRun, compact },
        actor,
      })
      return toPurge(job)
    },

    get: async (id: string): Promise<Purge | undefined> => {
      const job = await jobs.get(id)
      return job?.kind === kind ? toPurge(job) : undefined
    },
  }
}

interface PurgeProgress {
  readonly rows: Purge['rows']
  readonly bytes: Purge['bytes']
  readonly predictions: Purge['predictions']
  readonly database: Purge['database']
}

const noPredictions = { files: 0, rows: 0, bytes: 0 }
const noRows = { runs: 0, experiments: 0, loggedModels: 0 }

function toPurge(job: Job): Purge {
  const { before, dryRun } = job.payload as unknown as PurgeRequest
  const progress = (job.progress ?? {}) as Partial<PurgeProgress>
  return {
    id: job.id,
    state: job.state,
    before,
    dryRun,
    rows: progress.rows ?? noRows,
    bytes: progress.bytes ?? { held: 0, removed: 0, removedBytes: 0, young: 0, youngBytes: 0 },
    predictions: progress.predictions ?? noPredictions,
    database: progress.database ?? { freeBytes: 0, compacted: false },
    error: job.error ?? null,
  }
}
