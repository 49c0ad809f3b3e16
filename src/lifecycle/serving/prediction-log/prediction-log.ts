import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DevmlopsError, messageOf } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { LogFigures } from '../deployment/log.ts'
import { readIndex } from './columnar-index.ts'
import { createSegmentFile, type SegmentFile } from './segment-file.ts'
import { cutTornLine, listSegments, segmentPath } from './segments.ts'

export interface PredictionLogOptions {
  /** One folder per deployment. */
  readonly directory: string
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number
  /** Another hour (UTC) begins a new segment too, so that what is older can be compacted and removed. */
  readonly clock: Clock
  /** What may wait for a slow disk; more is dropped, or refused where the answer waits for the disk. */
  readonly waitingBytes?: number
  /** Opens a segment for appending; tests put a full disk here. */
  readonly createSegment?: (path: string) => Promise<SegmentFile>
}

interface Commit {
  text: string
  records: number
  appends: number
  readonly done: PromiseWithResolvers<void>
}

interface OpenSegment {
  readonly file: SegmentFile
  readonly hour: number
  /** Bytes that are known to be on disk: what a failed write is cut back to. */
  durableBytes: number
}

const hourMs = 3_600_000
const defaultWaitingBytes = 64 * 1024 * 1024
/**
 * A commit costs the same for one line and for a hundred. So while many requests come, one begins at most every
 * millisecond; a client that waits for each answer before it asks again never waits for others.
 */
const crowd = 4
const sleptMs = 60_000
const gatherMs = 1

/**
 * The durable log of one deployment's predictions. Lines that come while a commit runs make up the next one: one write and
 * one sync for all of them, so the cost per line falls as the load rises.
 */
export class PredictionLog {
  readonly #options: PredictionLogOptions
  #sequence: number
  #segment: OpenSegment | undefined
  #next: Commit | undefined
  #running: Promise<void> | undefined
  #commitBegan = 0
  #crowded = false
  #waitingBytes = 0
  #written = 0
  #lost = 0
  #dropped = 0
  #sampledOut = 0
  #problem: string | undefined
  readonly #tornLinesCut: number

  private constructor(options: PredictionLogOptions, sequence: number, tornLinesCut: number) {
    this.#options = options
    this.#sequence = sequence
    this.#tornLinesCut = tornLinesCut
  }

  /** Repairs what the last process left, and goes on in a new segment. */
  static async open(options: PredictionLogOptions): Promise<PredictionLog> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    await syncDirectory(dirname(options.directory))
    const last = (await listSegments(options.directory)).at(-1)
    const { compactedThrough } = await readIndex(options.directory)
    const torn = last !== undefined && (await cutTornLine(last))
    return new PredictionLog(options, Math.max(last?.sequence ?? 0, compactedThrough), torn ? 1 : 0)
  }

  get figures(): LogFigures {
    return {
      written: this.#written,
      lost: this.#lost,
      dropped: this.#dropped,
      sampledOut: this.#sampledOut,
      tornLinesCut: this.#tornLinesCut,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    }
  }

  countSampledOut(records: number): void {
    this.#sampledOut += records
  }

  /**
   * Settles when the lines, each with its line end, are on disk. Fails with `storage_full` when they could not be written;
   * then none of them is in the log. Fails with `rate_limited` when too much waits for the disk already.
   */
  append(lines: string, records: number): Promise<void> {
    if (this.#isFull(lines)) {
      return Promise.reject(
        new DevmlopsError('rate_limited', 'The disk of the prediction log is slower than requests come.', {
          hint: 'Send the request again a little later.',
        }),
      )
    }
    return this.#add(lines, records)
  }

  /** The same for lines that nobody waits for: what does not fit is dropped, and what is lost is counted. */
  offer(lines: string, records: number): void {
    if (this.#isFull(lines)) this.#dropped += records
    else void this.#add(lines, records)
  }

  /** Waits for everything appended so far, whether it could be written or not. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#closeSegment()
  }

  #isFull(lines: string): boolean {
    const limit = this.#options.waitingBytes ?? defaultWaitingBytes
    return this.#waitingBytes > 0 && this.#waitingBytes + lines.length > limit
  }

  #add(lines: string, records: number): Promise<void> {
    const commit = (this.#next ??= newCommit())
    commit.text += lines
    commit.records += records
    commit.appends++
    this.#waitingBytes += lines.length
    this.#running ??= this.#commitAll()
    return commit.done.promise
  }

  async #commitAll(): Promise<void> {
    // Whatever else arrives in this tick belongs to the first commit.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#next !== undefined) {
      const elapsedMs = performance.now() - this.#commitBegan
      if (this.#crowded && elapsedMs < gatherMs) await pause(gatherMs - elapsedMs)
      await this.#commit(this.#next)
    }
    this.#running = undefined
  }

  async #commit(commit: Commit): Promise<void> {
    this.#next = undefined
    this.#commitBegan = performance.now()
    this.#crowded = commit.appends >= crowd
    try {
      await this.#write(Buffer.from(commit.text))
      this.#written += commit.records
      this.#problem = undefined
      commit.done.resolve()
    } catch (error) {
      this.#lost += commit.records
      this.#problem = messageOf(error)
      commit.done.reject(asStorageError(error, this.#options.directory))
    }
    this.#waitingBytes -= commit.text.length
  }

  async #write(bytes: Buffer): Promise<void> {
    const segment = await this.#openSegment()
    try {
      await segment.file.append(bytes)
      // Compaction takes segments of hours gone by. A process that slept between its look at the clock and the write is told.
      if (performance.now() - this.#commitBegan > sleptMs && (await segment.file.isRemoved())) {
        throw new Error('the process was halted for so long that its segment was closed')
      }
    } catch (error) {
      await this.#abandon(segment)
      throw error
    }
    segment.durableBytes += bytes.length
    if (segment.durableBytes >= this.#options.segmentBytes) await this.#closeSegment()
  }

  async #openSegment(): Promise<OpenSegment> {
    const hour = Math.floor(this.#options.clock.now() / hourMs)
    if (this.#segment !== undefined && this.#segment.hour !== hour) await this.#closeSegment()
    return (this.#segment ??= await this.#startSegment(hour))
  }

  async #closeSegment(): Promise<void> {
    const segment = this.#segment
    this.#segment = undefined
    await segment?.file.close()
  }

  async #startSegment(hour: number): Promise<OpenSegment> {
    const { directory, createSegment = createSegmentFile } = this.#options
    const file = await createSegment(segmentPath(directory, ++this.#sequence))
    await syncDirectory(directory)
    return { file, hour, durableBytes: 0 }
  }

  /**
   * After a failed write nothing in the file behind the last success can be trusted: a failed sync drops the dirty pages
   * and the next one reports success. So the file is cut back and the log goes on in a new one.
   */
  async #abandon(segment: OpenSegment): Promise<void> {
    this.#segment = undefined
    // If that fails too: the reader passes over a torn line, and lines that nobody was told about do no harm.
    await segment.file.cutTo(segment.durableBytes).catch(() => undefined)
    await segment.file.close().catch(() => undefined)
  }
}

function newCommit(): Commit {
  const done = Promise.withResolvers<void>()
  // Often nobody waits for the outcome.
  done.promise.catch(() => undefined)
  return { text: '', records: 0, appends: 0, done }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function asStorageError(error: unknown, directory: string): DevmlopsError {
  return new DevmlopsError(
    'storage_full',
    `The prediction log in ${directory} cannot be written: ${messageOf(error)}.`,
    {
      hint: 'Free space or repair the folder. Predictions are not answered while they cannot be logged.',
      cause: error,
    },
  )
}
