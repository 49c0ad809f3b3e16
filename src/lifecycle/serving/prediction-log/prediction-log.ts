import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DevmlopsError, messageOf } from '#contract/errors'
import { cutTornLine, listSegments, segmentPath } from './segments.ts'

export interface PredictionLogOptions {
  /** One folder per deployment. */
  readonly directory: string
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number
  /** Opens a segment for appending; tests put a full disk here. */
  readonly openSegment?: (path: string) => Promise<FileHandle>
}

export interface PredictionLogCounts {
  readonly written: number
  readonly lost: number
  readonly tornLinesCut: number
}

interface Commit {
  readonly lines: string[]
  records: number
  readonly done: PromiseWithResolvers<void>
}

interface OpenSegment {
  readonly handle: FileHandle
  readonly path: string
  /** Bytes that are known to be on disk: what a failed write is cut back to. */
  durableBytes: number
}

/**
 * The durable log of one deployment's predictions. Lines that come while a commit runs make up the next one: one write and
 * one fdatasync for all of them, so the cost per line falls as the load rises.
 */
export class PredictionLog {
  readonly #options: PredictionLogOptions
  #sequence: number
  #segment: OpenSegment | undefined
  #next: Commit | undefined
  #running: Promise<void> | undefined
  #written = 0
  #lost = 0
  readonly #tornLinesCut: number

  private constructor(options: PredictionLogOptions, lastSequence: number, tornLinesCut: number) {
    this.#options = options
    this.#sequence = lastSequence
    this.#tornLinesCut = tornLinesCut
  }

  /** Repairs what the last process left, and goes on in a new segment. */
  static async open(options: PredictionLogOptions): Promise<PredictionLog> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    await syncDirectory(dirname(options.directory))
    const last = (await listSegments(options.directory)).at(-1)
    const torn = last !== undefined && (await cutTornLine(last))
    return new PredictionLog(options, last?.sequence ?? 0, torn ? 1 : 0)
  }

  get counts(): PredictionLogCounts {
    return { written: this.#written, lost: this.#lost, tornLinesCut: this.#tornLinesCut }
  }

  /**
   * Settles when the lines, each with its line end, are on disk. Fails with `storage_full` when they could not be written;
   * then none of them is in the log.
   */
  append(lines: string, records: number): Promise<void> {
    this.#next ??= { lines: [], records: 0, done: Promise.withResolvers() }
    const commit = this.#next
    commit.lines.push(lines)
    commit.records += records
    this.#running ??= this.#commitAll()
    return commit.done.promise
  }

  /** Waits for everything appended so far, whether it could be written or not. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#segment?.handle.close()
    this.#segment = undefined
  }

  async #commitAll(): Promise<void> {
    // Whatever else arrives in this tick belongs to the first commit.
    await new Promise((resolve) => setImmediate(resolve))
    for (let commit = this.#next; commit !== undefined; commit = this.#next) {
      this.#next = undefined
      try {
        await this.#write(Buffer.from(commit.lines.join('')))
        this.#written += commit.records
        commit.done.resolve()
      } catch (error) {
        this.#lost += commit.records
        commit.done.promise.catch(() => undefined)
        commit.done.reject(asStorageError(error, this.#options.directory))
      }
    }
    this.#running = undefined
  }

  async #write(bytes: Buffer): Promise<void> {
    const segment = (this.#segment ??= await this.#startSegment())
    try {
      for (let offset = 0; offset < bytes.length;) {
        offset += (await segment.handle.write(bytes, offset, bytes.length - offset)).bytesWritten
      }
      await segment.handle.datasync()
    } catch (error) {
      await this.#abandon(segment)
      throw error
    }
    segment.durableBytes += bytes.length
    if (segment.durableBytes >= this.#options.segmentBytes) {
      this.#segment = undefined
      await segment.handle.close()
    }
  }

  async #startSegment(): Promise<OpenSegment> {
    const path = segmentPath(this.#options.directory, ++this.#sequence)
    const openSegment = this.#options.openSegment ?? ((file) => open(file, 'ax', 0o600))
    const handle = await openSegment(path)
    await syncDirectory(this.#options.directory)
    return { handle, path, durableBytes: 0 }
  }

  /**
   * After a failed write nothing in the file behind the last success can be trusted: a failed fsync drops the dirty pages
   * and the next one reports success. So the file is cut back and the log goes on in a new one.
   */
  async #abandon(segment: OpenSegment): Promise<void> {
    this.#segment = undefined
    try {
      await segment.handle.truncate(segment.durableBytes)
      await segment.handle.datasync()
    } catch {
      // The reader passes over a torn line, and lines that nobody was told about do no harm.
    }
    await segment.handle.close().catch(() => undefined)
  }
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
