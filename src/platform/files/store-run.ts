import type { BlobStore, Digest } from '../blobs/index.ts'
import { BlockPacker } from './block-packer.ts'
import { splitChunkNames } from './chunk-names.ts'
import type { ChunkPlaces } from './chunk-places.ts'
import { GrowingLayout, type FileLedger } from './file-ledger.ts'
import type { FileToStore, StoredFile, StoreProgress } from './file-store.ts'
import { keepWhole } from './keep-whole.ts'
import { SlabTaker } from './slab-taker.ts'
import { createSlots } from './slots.ts'
import { ProgressCount } from './store-progress.ts'
import type { LargeFile } from './store-small-files.ts'
import type { TaskPool } from './task-pool.ts'

export interface StoreParts {
  readonly blobs: BlobStore
  readonly pool: TaskPool
  readonly places: ChunkPlaces
  readonly ledger: FileLedger
}

/** From this share of known chunks on, a large file is kept in chunks. */
const sharedShare = 0.25
const fewFiles = 8

/** One call of `store`: what happens to each file, from its path to its layout. */
export class StoreRun {
  readonly #parts: StoreParts
  readonly #signal: AbortSignal
  readonly #packer: BlockPacker
  readonly #taker: SlabTaker
  readonly #progress: ProgressCount
  readonly #largeFiles: ReturnType<typeof createSlots>

  constructor(
    parts: StoreParts,
    { signal, report }: { signal: AbortSignal; report: ((progress: StoreProgress) => void) | undefined },
  ) {
    this.#parts = parts
    this.#signal = signal
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    stopped.catch(() => undefined)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    const progress = new ProgressCount(report)
    this.#progress = progress
    const packer = new BlockPacker(parts.blobs, (block) => this.#taker.sealed(block))
    this.#packer = packer
    this.#taker = new SlabTaker({ ...parts, packer, progress, signal, stopped })
    this.#largeFiles = createSlots(parts.pool.size)
  }

  /** Stores some files; `done` is told each as it is finished, in any order. */
  async storeBatch(
    files: readonly FileToStore[],
    done: (index: number, file: StoredFile) => void,
  ): Promise<void> {
    const signal = this.#signal
    const answer = this.#taker.answering(done)
    const little = files.length <= fewFiles
    const large = await this.#parts.pool.run('storeSmallFiles', { files }, { answer, signal, little })
    await Promise.all(
      large.map((one) =>
        this.#largeFiles(async () => {
          signal.throwIfAborted()
          const stored = await this.#storeLarge(files[one.index] as FileToStore, one)
          this.#progress.add({ files: 1 })
          done(one.index, stored)
        }),
      ),
    )
  }

  /** Everything that was stored is synced and known afterwards. */
  async end(): Promise<void> {
    await this.#packer.seal()
    await this.#parts.ledger.save()
  }

  async abandon(): Promise<void> {
    await this.#packer.abandon()
  }

  #storeLarge(file: FileToStore, { chunks, sizeBytes, compressible }: LargeFile): Promise<StoredFile> {
    const sample = splitChunkNames(chunks)
    const shared = this.#parts.places.countKnown(sample) >= Math.max(1, sample.length * sharedShare)
    const { intake } = this.#parts.blobs
    if (compressible || shared || intake === undefined) return this.#packLarge(file)
    return keepWhole(file, sizeBytes, {
      ...this.#parts,
      intake,
      progress: this.#progress,
      signal: this.#signal,
    })
  }

  async #packLarge(file: FileToStore): Promise<StoredFile> {
    const layout = new GrowingLayout()
    const { pool, ledger } = this.#parts
    const answer = this.#taker.answering(() => undefined, layout)
    const { sha256, sizeBytes } = await pool.run('storeLargeFile', { file }, { answer, signal: this.#signal })
    const digest: Digest = `sha256:${sha256}`
    if (!(await ledger.known([digest])).has(digest)) ledger.finish({ digest, sizeBytes, layout })
    return { digest, sizeBytes }
  }
}
