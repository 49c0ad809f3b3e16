import type { BlobStore } from '../blobs/index.ts'
import type { Clock } from '../clock.ts'
import type { ChunkIndex } from './chunk-index.ts'
import { ChunkPlaces } from './chunk-places.ts'
import { FileLedger } from './file-ledger.ts'
import type { FileStore, FileToStore, StoredFile } from './file-store.ts'
import { pagesOf } from './pages-of.ts'
import { StoreRun } from './store-run.ts'
import type { StoredFiles } from './stored-files.ts'
import { tasksPerThread, type TaskPool } from './task-pool.ts'

interface Parts {
  readonly blobs: BlobStore
  readonly pool: TaskPool
  readonly stored: StoredFiles
  readonly clock: Clock
  readonly index: () => Promise<ChunkIndex>
}

/** A message for so many files costs nothing beside reading them. */
const batchFiles = 512
/** Files that are finished wait for those before them, up to so many. */
const mostAhead = 100_000

/** Stores batches of files side by side, and answers in order. */
export async function* storeFiles(
  files: Parameters<FileStore['store']>[0],
  { signal: outside, report }: NonNullable<Parameters<FileStore['store']>[1]>,
  { blobs, pool, stored, clock, index }: Parts,
): AsyncIterable<StoredFile> {
  const stop = new AbortController()
  const signal = outside === undefined ? stop.signal : AbortSignal.any([outside, stop.signal])
  const places = new ChunkPlaces({ blobs, index: await index(), clock })
  const ledger = new FileLedger(stored, places)
  const run = new StoreRun({ blobs, pool, places, ledger }, { signal, report })
  const answers = new Answers()

  const running = new Set<Promise<void>>()
  const feed = async (): Promise<void> => {
    let first = 0
    const feedBatch = async (batch: readonly FileToStore[]): Promise<void> => {
      const from = first
      first += batch.length
      const work = run.storeBatch(batch, (at, file) => answers.add(from + at, file))
      const settled = work.finally(() => running.delete(settled))
      // Seen when it is awaited, here or at the end.
      settled.catch((error: unknown) => answers.fail(error))
      running.add(settled)
      while (running.size > pool.size * tasksPerThread) await Promise.race(running)
      while (first - answers.taken > mostAhead && !signal.aborted) await answers.change()
    }
    for await (const batch of pagesOf(files, batchFiles)) {
      signal.throwIfAborted()
      await feedBatch(batch)
    }
    await Promise.all(running)
    await run.end()
    answers.end()
  }

  const feeding = feed().catch((error: unknown) => answers.fail(error))
  try {
    yield* answers.inOrder()
  } finally {
    stop.abort()
    answers.end()
    await run.abandon()
    // Nothing goes on behind the back of whoever was told that it ended.
    await feeding
    await Promise.allSettled(running)
  }
}

/** Answers come in any order, and go in that of the questions. */
class Answers {
  readonly #ready = new Map<number, StoredFile>()
  #waiting: (() => void)[] = []
  #failure: { readonly error: unknown } | undefined
  #ended = false
  taken = 0

  add(at: number, file: StoredFile): void {
    this.#ready.set(at, file)
    if (at === this.taken) this.#wake()
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async *inOrder(): AsyncIterable<StoredFile> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      const next = this.#ready.get(this.taken)
      if (next !== undefined) {
        this.#ready.delete(this.taken)
        this.taken += 1
        if (this.taken % batchFiles === 0) this.#wake()
        yield next
      } else if (this.#ended) return
      else await this.change()
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
