import { mkdir, rm, stat } from 'node:fs/promises'
import type { Clock } from '#platform/clock'
import {
  readIndex,
  removeUnnamed,
  workDirectory,
  columnarDirectory,
  writeIndex,
  type ColumnarIndex,
} from './columnar-index.ts'
import { withColumnar } from './read-columnar.ts'
import { segmentLines } from './segment-lines.ts'
import { listSegments, type Segment } from './segments.ts'
import { writeColumnar, type SignatureOf } from './write-columnar.ts'

export interface Compaction {
  /** Folder of the deployment's log. */
  readonly directory: string
  readonly signatureOf: SignatureOf
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/** An hour, and another for clocks that differ and writes that take long. */
const lateMs = 2 * 3_600_000
/** What is read into memory for one file. */
const batchBytes = 128 * 1024 * 1024
/** An id that a client sends again comes soon: it is looked for in the files of this long before. */
const repeatMs = 86_400_000

/**
 * Makes Parquet files of the segments that nobody writes to any more. One after the other: a file is
 * written aside, synced and named; then the index names it, and from then on it counts in place of its segments; then they
 * are removed. Whenever the process dies, each record is there once. Answers how many files were made.
 */
export async function compactLog({ directory, signatureOf, clock, signal }: Compaction): Promise<number> {
  let index = await readIndex(directory)
  await removeUnnamed(directory, index)
  const segments = await removeCompacted(await listSegments(directory), index)
  let files = 0
  for (const batch of await batchesOf(await closedOf(segments, clock))) {
    signal?.throwIfAborted()
    await mkdir(columnarDirectory(directory), { recursive: true, mode: 0o700 })
    const time = await firstTimeOf(batch)
    const earlier = index.files.filter(({ lastTime }) => time !== undefined && lastTime >= time - repeatMs)
    const file = await withColumnar(directory, (tables) =>
      writeColumnar(tables, { directory, segments: batch, signatureOf, earlier }),
    ).catch(async (error: unknown) => {
      // On a full disk half a file would keep it full.
      await removeUnnamed(directory, index)
      throw error
    })
    const { sequence } = batch.at(-1) as Segment
    index = {
      ...index,
      compactedThrough: sequence,
      files: file === undefined ? index.files : [...index.files, file],
    }
    await writeIndex(directory, index)
    await removeCompacted(batch, index)
    if (file !== undefined) files++
  }
  await rm(workDirectory(directory), { recursive: true, force: true })
  return files
}

/** Closed segments that wait to be compacted, and since when. */
export async function waitingSegments(
  directory: string,
  clock: Clock,
): Promise<{ readonly segments: number; readonly bytes: number; readonly since: number | undefined }> {
  const { compactedThrough } = await readIndex(directory)
  const segments = (await listSegments(directory)).filter(({ sequence }) => sequence > compactedThrough)
  const waiting = await closedOf(segments, clock)
  const [first] = waiting
  const since = first === undefined ? undefined : await stat(first.path).catch(() => undefined)
  return {
    segments: waiting.length,
    bytes: waiting.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    since: since?.mtimeMs,
  }
}

/** All but the last; it too when it is of an hour gone by, since the log begins a new one for every hour. */
async function closedOf(segments: readonly Segment[], clock: Clock): Promise<readonly Segment[]> {
  const last = segments.at(-1)
  if (last === undefined) return segments
  const { mtimeMs } = await stat(last.path)
  return clock.now() - mtimeMs > lateMs ? segments : segments.slice(0, -1)
}

async function removeCompacted(
  segments: readonly Segment[],
  { compactedThrough }: ColumnarIndex,
): Promise<readonly Segment[]> {
  for (const { sequence, path } of segments) {
    if (sequence <= compactedThrough) await rm(path, { force: true })
  }
  return segments.filter(({ sequence }) => sequence > compactedThrough)
}

/** Segments that go into one file: of one day, as many as fit into memory. */
async function batchesOf(segments: readonly Segment[]): Promise<Segment[][]> {
  const batches: Segment[][] = []
  let day: string | undefined
  let bytes = 0
  for (const segment of segments) {
    const time = await firstTimeOf([segment])
    const itsDay = time === undefined ? day : new Date(time).toISOString().slice(0, 10)
    const current = batches.at(-1)
    if (current === undefined || itsDay !== day || bytes + segment.sizeBytes > batchBytes) {
      batches.push([segment])
      bytes = 0
    } else current.push(segment)
    day = itsDay
    bytes += segment.sizeBytes
  }
  return batches
}

async function firstTimeOf(segments: readonly Segment[]): Promise<number | undefined> {
  for (const { path } of segments) {
    for await (const lines of segmentLines(path)) {
      for (const { text } of lines) {
        const time = timeIn(text)
        if (time !== undefined) return time
      }
    }
  }
  return undefined
}

function timeIn(text: string): number | undefined {
  try {
    const { time } = JSON.parse(text) as { time?: unknown }
    // What JavaScript can say as a date.
    return typeof time === 'number' && Math.abs(time) <= 8.64e15 ? time : undefined
  } catch {
    return undefined
  }
}
