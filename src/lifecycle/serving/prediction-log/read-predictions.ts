import { open } from 'node:fs/promises'
import type { PredictionRecord } from './record.ts'
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
 * whoever consumes the records drops the later ones.
 */
export async function readPredictions({
  directory,
  after,
  limit,
  until,
}: ReadPredictionsRequest): Promise<PredictionPage> {
  const records: PredictionRecord[] = []
  let next = after
  let unreadable = 0
  for (const segment of await listSegments(directory)) {
    if (after !== undefined && segment.sequence < after.segment) continue
    if (records.length >= limit || (until !== undefined && segment.sequence > until.segment)) break
    const endBytes = segment.sequence === until?.segment ? until.offset : Number.POSITIVE_INFINITY
    const start = segment.sequence === after?.segment ? after.offset : 0
    const read = await readSegment(segment, { start, endBytes, limit: limit - records.length })
    records.push(...read.records)
    unreadable += read.unreadable
    next = { segment: segment.sequence, offset: read.end }
  }
  return { records, next, unreadable }
}

/**
 * Where the log ends now. Whoever reads in a loop stops there: an endpoint may answer faster than a reader reads, and the
 * loop would never end.
 */
export async function endOfPredictions(directory: string): Promise<PredictionCursor> {
  const last = (await listSegments(directory)).at(-1)
  return { segment: last?.sequence ?? 0, offset: last?.sizeBytes ?? 0 }
}

const chunkBytes = 1 << 20
const newline = 0x0a

interface SegmentPart {
  readonly records: PredictionRecord[]
  readonly end: number
  readonly unreadable: number
}

async function readSegment(
  segment: Segment,
  { start, endBytes, limit }: { start: number; endBytes: number; limit: number },
): Promise<SegmentPart> {
  const records: PredictionRecord[] = []
  let unreadable = 0
  let end = start
  const handle = await open(segment.path, 'r')
  try {
    let chunk = Buffer.alloc(chunkBytes)
    for (;;) {
      const wanted = Math.max(0, Math.min(chunk.length, endBytes - end))
      const { bytesRead } = await handle.read(chunk, 0, wanted, end)
      const bytes = chunk.subarray(0, bytesRead)
      let from = 0
      while (records.length < limit) {
        const lineEnd = bytes.indexOf(newline, from)
        if (lineEnd === -1) break
        const record = parseLine(bytes.toString('utf8', from, lineEnd))
        if (record === undefined) unreadable++
        else records.push(record)
        from = lineEnd + 1
      }
      end += from
      if (records.length >= limit || bytesRead < chunk.length) return { records, end, unreadable }
      // A line longer than the chunk.
      if (from === 0) chunk = Buffer.alloc(chunk.length * 2)
    }
  } finally {
    await handle.close()
  }
}

function parseLine(line: string): PredictionRecord | undefined {
  try {
    return JSON.parse(line) as PredictionRecord
  } catch {
    return undefined
  }
}
