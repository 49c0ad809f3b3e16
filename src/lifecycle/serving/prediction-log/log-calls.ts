import { fullLogSettings } from '../deployment/log.ts'
import type { LogFigures, LogSettings } from '../deployment/log.ts'
import type { LogEvents, LogView } from './contract.ts'
import type { LogUpkeep } from './log-upkeep.ts'
import { cursorBefore, endOfPredictions, readPredictions, type PredictionCursor } from './read-predictions.ts'
import type { PredictionRecord } from './record.ts'

export interface LogCallsDependencies {
  readonly upkeep: LogUpkeep
  /** Fails with `not_found`. */
  readonly settingsOf: (deployment: string) => Promise<LogSettings>
  readonly directoryOf: (deployment: string) => string
  readonly figuresOf: (deployment: string) => Promise<LogFigures | undefined>
  readonly eventsOf: (deployment: string) => Promise<LogEvents | undefined>
}

export interface RecordsRequest {
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly after?: PredictionCursor | undefined
  readonly limit: number
}

export interface RecordsPage {
  readonly items: readonly PredictionRecord[]
  readonly next: PredictionCursor | undefined
}

/** Lines are in the order they were written, which is that of their times but for what waited for the same commit. */
const disorderMs = 60_000

export function createLogCalls({
  upkeep,
  settingsOf,
  directoryOf,
  figuresOf,
  eventsOf,
}: LogCallsDependencies) {
  return {
    log: async (deployment: string): Promise<LogView> => {
      const { mode, retain } = fullLogSettings(await settingsOf(deployment))
      const [storage, figures, events] = await Promise.all([
        upkeep.storage(deployment),
        figuresOf(deployment),
        eventsOf(deployment),
      ])
      return {
        deployment,
        mode,
        ...(retain === undefined ? {} : { retain }),
        storage,
        ...(figures === undefined ? {} : { figures }),
        ...(events === undefined ? {} : { events }),
      }
    },

    compact: async (deployment: string, actor: string): Promise<{ jobId: string }> => {
      await settingsOf(deployment)
      return { jobId: await upkeep.enqueue(deployment, actor) }
    },

    records: async (deployment: string, request: RecordsRequest): Promise<RecordsPage> => {
      await settingsOf(deployment)
      return recordsBetween(directoryOf(deployment), request)
    },
  }
}

/** One page of records of a time. It may have fewer records than asked for, even none, and go on. */
export async function recordsBetween(
  directory: string,
  { since, until = Number.POSITIVE_INFINITY, after, limit }: RecordsRequest,
): Promise<RecordsPage> {
  const from = after ?? (since === undefined ? undefined : await cursorBefore(directory, since))
  const end = await endOfPredictions(directory)
  const page = await readPredictions({
    directory,
    limit,
    until: end,
    ...(from === undefined ? {} : { after: from }),
  })
  const items = page.records.filter(({ time }) => time >= (since ?? 0) && time < until)
  const last = page.records.at(-1)
  const isOver = last === undefined || last.time > until + disorderMs || page.records.length < limit
  return { items, next: isOver ? undefined : page.next }
}
