import { fail } from '#contract/errors'
import { mergeProfiles, profileFrame, type TableProfile } from '#lifecycle/data/index'
import { endOfPredictions, readPredictions, type PredictionRecord } from '#lifecycle/serving/index'
import { frameOfRecords, scoreOf } from './record-frame.ts'
import type { ModelReference, ModelReferences } from './reference-point.ts'
import type { MonitoringStore } from './store.ts'
import { windowAt } from './window.ts'
import type { ProgressRow } from './window-store.ts'

/** Records that are read, profiled and kept at once. */
const pageRecords = 10_000

export interface LogReading {
  readonly deployment: string
  /** Folder of the deployment's prediction log. */
  readonly directory: string
  readonly windowMs: number
  readonly store: MonitoringStore
  readonly references: ModelReferences
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads what is new in the log into windows, and answers how many predictions that were. The cursor and all that was made
 * of the records before it are one transaction: whenever the process dies, each record counts once.
 */
export async function readLog(reading: LogReading): Promise<number> {
  const { deployment, directory, store, signal } = reading
  await store.windows.begin(deployment)
  const until = await endOfPredictions(directory)
  let read = 0
  for (;;) {
    signal?.throwIfAborted()
    const progress = (await store.windows.progress(deployment)) as ProgressRow
    const page = await readPredictions({
      directory,
      after: { segment: progress.segment, offset: progress.byte_offset },
      limit: pageRecords,
      until,
    })
    if (page.next === undefined || page.records.length + page.unreadable === 0) return read
    const references = await referencesOf(page.records, reading.references)
    const { next } = page
    read += await store.transaction(async (stores) => {
      const fresh = await addPage(reading, { stores, references, records: page.records })
      const moved = await stores.windows.advance(progress, next, {
        latest_event_time: latestEventTime(progress, page.records),
        repeated: progress.repeated + page.records.length - fresh,
        unreadable: progress.unreadable + page.unreadable,
      })
      if (!moved) {
        fail('conflict', `Another process reads the log of "${deployment}".`, {
          hint: 'Check again; nothing was counted twice.',
        })
      }
      return fresh
    })
  }
}

type References = ReadonlyMap<string, ModelReference | undefined>

interface Page {
  readonly stores: Pick<MonitoringStore, 'windows' | 'labels'>
  readonly references: References
  readonly records: readonly PredictionRecord[]
}

/** Asked before the transaction begins, since the answer may need the same store. */
async function referencesOf(
  records: readonly PredictionRecord[],
  references: ModelReferences,
): Promise<References> {
  const versions = new Map(records.map((record) => [versionKey(record), record]))
  const found = new Map<string, ModelReference | undefined>()
  for (const [key, { model, version }] of versions)
    found.set(key, await references.referenceOf(model, version))
  return found
}

function versionKey({ model, version }: Pick<PredictionRecord, 'model' | 'version'>): string {
  return `${model}@${version}`
}

async function addPage(
  { deployment, windowMs }: LogReading,
  { stores, references, records }: Page,
): Promise<number> {
  const first = new Map<string, PredictionRecord>()
  for (const record of records) if (!first.has(record.id)) first.set(record.id, record)
  const distinct = [...first.values()]
  const startOf = windowStarts(windowMs)
  const { windows } = stores
  const added = await windows.addScored(
    deployment,
    distinct.map((record) => ({
      id: record.id,
      windowStart: startOf(record),
      model: record.model,
      version: record.version,
      score: scoreOf(record, references.get(versionKey(record))?.scoreColumn),
    })),
  )
  const fresh = distinct.filter(({ id }) => added.has(id))
  const labelled = await stores.labels.labelled(
    deployment,
    fresh.map(({ id }) => id),
  )
  for (const [windowStart, inWindow] of Map.groupBy(fresh, startOf)) {
    for (const [key, ofVersion] of Map.groupBy(inWindow, versionKey)) {
      await addToProfile({
        deployment,
        windowStart,
        windows,
        records: ofVersion,
        reference: references.get(key),
      })
    }
    await windows.touchWindow({
      deployment,
      window_start: windowStart,
      window_end: windowStart + windowMs,
      rows: inWindow.length,
      labels: inWindow.filter(({ id }) => labelled.has(id)).length,
      timed_rows: inWindow.filter((record) => record.event_time !== undefined).length,
    })
  }
  return fresh.length
}

function windowStarts(windowMs: number): (record: PredictionRecord) => number {
  return ({ event_time, time }) => Date.parse(windowAt(event_time ?? time, windowMs).start)
}

interface Addition {
  readonly deployment: string
  readonly windowStart: number
  readonly windows: MonitoringStore['windows']
  /** Of one model version. */
  readonly records: readonly PredictionRecord[]
  readonly reference: ModelReference | undefined
}

async function addToProfile({
  deployment,
  windowStart,
  windows,
  records,
  reference,
}: Addition): Promise<void> {
  const { model, version } = records[0] as PredictionRecord
  const before = await windows.profile(deployment, { windowStart, model, version })
  const variants = before === undefined ? {} : (JSON.parse(before.variants) as Record<string, number>)
  for (const { variant } of records) variants[variant] = (variants[variant] ?? 0) + 1
  await windows.saveProfile({
    deployment,
    window_start: windowStart,
    model,
    version,
    rows: (before?.rows ?? 0) + records.length,
    variants: JSON.stringify(variants),
    profile: profileText(before?.profile ?? null, records, reference),
  })
}

function profileText(
  before: string | null,
  records: readonly PredictionRecord[],
  reference: ModelReference | undefined,
): string | null {
  if (reference?.profile === undefined) return before
  const now = profileFrame(
    frameOfRecords(records, reference.profile, reference.scoreColumn),
    reference.profile,
  )
  return JSON.stringify(before === null ? now : mergeProfiles(JSON.parse(before) as TableProfile, now))
}

function latestEventTime(progress: ProgressRow, records: readonly PredictionRecord[]): number | null {
  let latest = progress.latest_event_time
  for (const { event_time } of records) {
    if (event_time !== undefined && (latest === null || event_time > latest)) latest = event_time
  }
  return latest
}
