import { readIndex, type ColumnarFile } from './columnar-index.ts'
import { placeCondition, readColumnar, withColumnar, type PlacedRecord } from './read-columnar.ts'
import type { PredictionRecord } from './record.ts'
import { segmentLines } from './segment-lines.ts'
import { listSegments, type Segment } from './segments.ts'

/** A place between two lines of the log. Keep it, and reading goes on where it ended. */
export interface PredictionCursor {
  readonly segment: number
  readonly offset: number
}

export interface ReadPredictionsRequest {
  readonly directory: string
  /** Where the last reading ended; the beginning of the log without it. */
  readonly after?: PredictionCursor
  readonly limit: number
  /** Where to stop, from `endOfPredictions`; without it, wherever the log ends by then. */
  readonly until?: PredictionCursor
}

export interface PredictionPage {
  readonly records: readonly PredictionRecord[]
  /** Pass it as `after` to go on. Undefined only when the log is empty. */
  readonly next: PredictionCursor | undefined
  /** Whole lines that are not JSON, which only a damaged disk leaves. */
  readonly unreadable: number
}

/**
 * Reads on from a cursor, at most `limit` records, in the order they were logged. A line that is still being written is not
 * returned until it is whole. The log may hold an id twice, when a client sent a request again: the first line counts, and
 * whoever consumes the records drops the later ones. A cursor into a segment holds when the segment has become part of a
 * Parquet file.
 */
export function readPredictions(request: ReadPredictionsRequest): Promise<PredictionPage> {
  return steadily(request.directory, ({ files, segments }) => readPlaces(request, files, segments))
}

/**
 * Where the log ends now. Whoever reads in a loop stops there: an endpoint may answer faster than a reader reads, and the
 * loop would never end.
 */
export function endOfPredictions(directory: string): Promise<PredictionCursor> {
  return steadily(directory, ({ segments, compactedThrough }) => {
    const last = segments.at(-1)
    const end =
      last === undefined
        ? { segment: compactedThrough, offset: Number.MAX_SAFE_INTEGER }
        : { segment: last.sequence, offset: last.sizeBytes }
    return Promise.resolve(end)
  })
}

/** A place before everything as late as `time`: the beginning of a Parquet file, or of what is not compacted yet. */
export async function cursorBefore(directory: string, time: number): Promise<PredictionCursor> {
  const { files, compactedThrough } = await readIndex(directory)
  const first = files.find(({ lastTime }) => lastTime >= time)
  const segment = first === undefined ? compactedThrough : first.firstSegment - 1
  return { segment, offset: Number.MAX_SAFE_INTEGER }
}

export interface LogFiles {
  /** Oldest first, and older than all segments. */
  readonly files: readonly ColumnarFile[]
  readonly segments: readonly Segment[]
  readonly compactedThrough: number
}

const tries = 10

/** Reads what the log consists of; again from the start when compaction or retention changed that meanwhile. */
export async function steadily<Result>(
  directory: string,
  read: (files: LogFiles) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const index = await readIndex(directory)
    const listed = await listSegments(directory)
    const isChanged = async (): Promise<boolean> =>
      attempt < tries && JSON.stringify(await readIndex(directory)) !== JSON.stringify(index)
    // Segments that went while they were listed are in a file that the index did not name yet.
    if (await isChanged()) continue
    try {
      const segments = listed.filter(({ sequence }) => sequence > index.compactedThrough)
      return await read({ ...index, segments })
    } catch (error) {
      if (!(await isChanged())) throw error
    }
  }
}

async function readPlaces(
  { directory, after, limit, until }: ReadPredictionsRequest,
  files: readonly ColumnarFile[],
  segments: readonly Segment[],
): Promise<PredictionPage> {
  const records: PredictionRecord[] = []
  let next = after
  let unreadable = 0
  const wanted = files.filter(
    ({ firstSegment, lastSegment }) =>
      (after === undefined || lastSegment >= after.segment) &&
      (until === undefined || firstSegment <= until.segment),
  )
  if (wanted.length > 0 && limit > 0) {
    const placed = await readFiles(directory, wanted, { after, until, limit })
    for (const { record } of placed) records.push(record)
    const last = placed.at(-1)
    if (last !== undefined) next = { segment: last.segment, offset: last.offset }
  }
  for (const segment of segments) {
    if (after !== undefined && segment.sequence < after.segment) continue
    if (records.length >= limit || (until !== undefined && segment.sequence > until.segment)) break
    const end = segment.sequence === until?.segment ? until.offset : Number.POSITIVE_INFINITY
    const start = segment.sequence === after?.segment ? after.offset : 0
    const read = await readSegment(segment, { start, end, limit: limit - records.length })
    for (const record of read.records) records.push(record)
    unreadable += read.unreadable
    next = { segment: segment.sequence, offset: read.end }
  }
  return { records, next, unreadable }
}

async function readFiles(
  directory: string,
  files: readonly ColumnarFile[],
  {
    limit,
    ...places
  }: { after?: PredictionCursor | undefined; until?: PredictionCursor | undefined; limit: number },
): Promise<PlacedRecord[]> {
  const where = placeCondition(places)
  return withColumnar(directory, async (tables) => {
    const found: PlacedRecord[] = []
    for (const file of files) {
      if (found.length >= limit) break
      found.push(...(await readColumnar(tables, { directory, file }, { where, limit: limit - found.length })))
    }
    return found
  })
}

async function readSegment(
  { path }: Segment,
  { start, end, limit }: { start: number; end: number; limit: number },
): Promise<{ records: PredictionRecord[]; end: number; unreadable: number }> {
  const records: PredictionRecord[] = []
  let unreadable = 0
  let readTo = start
  for await (const lines of segmentLines(path, { start, end })) {
    for (const line of lines) {
      if (records.length >= limit) return { records, end: readTo, unreadable }
      const record = parseLine(line.text)
      if (record === undefined) unreadable++
      else records.push(record)
      readTo = line.end
    }
    if (records.length >= limit) break
  }
  return { records, end: readTo, unreadable }
}

export function parseLine(line: string): PredictionRecord | undefined {
  try {
    return JSON.parse(line) as PredictionRecord
  } catch {
    return undefined
  }
}
