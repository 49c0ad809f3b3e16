import { existsSync } from 'node:fs'
import { messageOf } from '#contract/errors'
import type { JobKind } from '#platform/jobs/index'
import type { Platform } from '#platform/platform'
import { retainMs, type LogSettings } from '../deployment/log.ts'
import { readIndex } from './columnar-index.ts'
import type { LogStorage } from './contract.ts'
import { compactLog, waitingSegments } from './compact-log.ts'
import { mergeColumnar } from './merge-columnar.ts'
import { expiredFiles, retainLog, type Retention } from './retain-log.ts'
import { listSegments } from './segments.ts'
import type { SignatureOf } from './write-columnar.ts'

export interface LogUpkeepDependencies {
  readonly platform: Platform
  /** Every deployment that has a log, also those that answer no more. */
  readonly logs: () => Promise<readonly { readonly deployment: string; readonly settings: LogSettings }[]>
  readonly directoryOf: (deployment: string) => string
  readonly signatureOf: SignatureOf
}

export type LogUpkeep = ReturnType<typeof createLogUpkeep>

const kind = 'prediction-log'
/** Closed segments are compacted when there are so many of them, or when one has waited so long. */
const manySegments = 8
const longestWaitMs = 3_600_000

/** Compaction, merging and retention of prediction logs, as jobs of the control side: never in the process that answers. */
export function createLogUpkeep({ platform, logs, directoryOf, signatureOf }: LogUpkeepDependencies) {
  const { clock, jobs, log } = platform

  const cutoffOf = (settings: LogSettings | undefined): number | undefined => {
    const ms = settings === undefined ? undefined : retainMs(settings)
    return ms === undefined ? undefined : clock.now() - ms
  }

  const isDue = async (deployment: string, settings: LogSettings): Promise<boolean> => {
    const directory = directoryOf(deployment)
    if (!existsSync(directory)) return false
    const { segments, since } = await waitingSegments(directory, clock)
    if (segments >= manySegments || (since !== undefined && clock.now() - since > longestWaitMs)) return true
    const before = cutoffOf(settings)
    return before !== undefined && (await expiredFiles(directory, before)).length > 0
  }

  const jobKind: JobKind = {
    kind,
    concurrency: 1,
    run: async ({ job, signal, report }) => {
      const directory = directoryOf(job.key)
      if (!existsSync(directory)) return
      const settings = (await logs()).find(({ deployment }) => deployment === job.key)?.settings
      const files = await compactLog({ directory, signatureOf, clock, signal })
      const merged = await mergeColumnar(directory, signal)
      const before = cutoffOf(settings)
      const removed = before === undefined ? undefined : await retainLog(directory, before)
      await report({ files, merged, ...(removed === undefined ? {} : { removed: { ...removed } }) })
    },
  }

  return {
    jobKind,

    enqueue: async (deployment: string, actor: string): Promise<string> =>
      (await jobs.enqueue({ kind, key: deployment, payload: {}, actor })).id,

    /** To be called every now and then. */
    enqueueDue: async (): Promise<void> => {
      for (const { deployment, settings } of await logs()) {
        try {
          if (!(await isDue(deployment, settings))) continue
          await jobs.enqueue({ kind, key: deployment, payload: {}, actor: 'serving' })
        } catch (error) {
          log.warn({ deployment, error: messageOf(error) }, 'a prediction log was not looked at')
        }
      }
    },

    /** What is past its time, over all logs; with `remove`, until it is gone. */
    expired: async ({ remove }: { readonly remove: boolean }): Promise<Retention> => {
      const total = { files: 0, rows: 0, bytes: 0 }
      for (const { deployment, settings } of await logs()) {
        const before = cutoffOf(settings)
        if (before === undefined) continue
        const files = await expiredFiles(directoryOf(deployment), before)
        total.files += files.length
        for (const { rows, sizeBytes } of files) {
          total.rows += rows
          total.bytes += sizeBytes
        }
        // By the job that compacts: two that write the index would undo each other's work.
        if (remove && files.length > 0) {
          const { id } = await jobs.enqueue({ kind, key: deployment, payload: {}, actor: 'purge' })
          await jobs.wait(id)
        }
      }
      return total
    },

    storage: async (deployment: string): Promise<LogStorage> => {
      const directory = directoryOf(deployment)
      const { files, removed, compactedThrough } = await readIndex(directory)
      const segments = (await listSegments(directory)).filter(({ sequence }) => sequence > compactedThrough)
      const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
        items.reduce((total, item) => total + of(item), 0)
      return {
        segments: segments.length,
        segmentBytes: sum(segments, ({ sizeBytes }) => sizeBytes),
        files: files.length,
        fileBytes: sum(files, ({ sizeBytes }) => sizeBytes),
        rows: sum(files, ({ rows }) => rows),
        repeated: sum(files, ({ repeated }) => repeated),
        unreadable: sum(files, ({ unreadable }) => unreadable),
        removedRows: removed.rows,
        removedBytes: removed.bytes,
      }
    },
  }
}
