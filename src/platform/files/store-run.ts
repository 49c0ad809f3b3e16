import type { BlobIntake, BlobStore, Digest } from '../blobs/index.ts'
import { BlockPacker, type Block } from './block-packer.ts'
import type { ChunkPlaces, Spot } from './chunk-places.ts'
import type { Cuts } from './keep-file.ts'
import { SharedSlab } from './shared-slab.ts'
import { GrowingLayout, type FileLedger } from './file-ledger.ts'
import type { FileToStore, StoredFile, StoreProgress } from './file-store.ts'
import { segmentsIn } from './layout-text.ts'
import type { Offer, Packed, Wanted } from './slab.ts'
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
const hexDigits = 64

/** Answers the questions of one task. */
type SlabTaker = (question: Offer | Packed) => Promise<Wanted>

/** An offer whose chunks have been judged. */
interface Judged {
  /** For each chunk where it is or will be; undefined when its file is stored already. */
  readonly spots: readonly (Spot | undefined)[]
  /** Places in `spots` of the chunks to be brought. */
  readonly wanted: readonly number[]
  readonly files: readonly (StoredFile & {
    readonly index: number
    readonly layout: GrowingLayout | undefined
    readonly spots: readonly (Spot | undefined)[]
  })[]
}

/** One call of `store`: what happens to each file, from its path to its layout. */
export class StoreRun {
  readonly #parts: StoreParts
  readonly #signal: AbortSignal
  /** Rejects when the run is given up. */
  readonly #stopped: Promise<never>
  readonly #packer: BlockPacker
  /** Chunks of each block that is not sealed. */
  readonly #unsettled = new Map<Block, Spot[]>()
  readonly #progress = { files: 0, bytes: 0, newBytes: 0 }
  readonly #report: ((progress: StoreProgress) => void) | undefined
  readonly #largeFiles: ReturnType<typeof slots>

  constructor(
    parts: StoreParts,
    { signal, report }: { signal: AbortSignal; report: ((progress: StoreProgress) => void) | undefined },
  ) {
    this.#parts = parts
    this.#signal = signal
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => undefined)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    this.#stopped = promise
    this.#report = report
    this.#packer = new BlockPacker(parts.blobs, (block) => this.#sealed(block))
    this.#largeFiles = slots(parts.pool.size)
  }

  /** Stores some files; `done` is told each as it is finished, in any order. */
  async storeBatch(
    files: readonly FileToStore[],
    done: (index: number, file: StoredFile) => void,
  ): Promise<void> {
    const signal = this.#signal
    const answer = this.#taker(done)
    const little = files.length <= fewFiles
    const large = await this.#parts.pool.run('storeSmallFiles', { files }, { answer, signal, little })
    await Promise.all(
      large.map((one) =>
        this.#largeFiles(async () => {
          signal.throwIfAborted()
          const stored = await this.#storeLarge(files[one.index] as FileToStore, one)
          this.#count(1, 0)
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
    const sample = splitHex(chunks)
    const shared = this.#parts.places.countKnown(sample) >= Math.max(1, sample.length * sharedShare)
    const { intake } = this.#parts.blobs
    if (compressible || shared || intake === undefined) return this.#packLarge(file)
    return this.#keepWhole(file, { sizeBytes, intake })
  }

  async #packLarge(file: FileToStore): Promise<StoredFile> {
    const layout = new GrowingLayout()
    const { pool, ledger } = this.#parts
    const answer = this.#taker(() => undefined, layout)
    const { sha256, sizeBytes } = await pool.run('storeLargeFile', { file }, { answer, signal: this.#signal })
    const digest: Digest = `sha256:${sha256}`
    if (!(await ledger.known([digest])).has(digest)) ledger.finish({ digest, sizeBytes, layout })
    return { digest, sizeBytes }
  }

  /** The file is a block by itself: copied and cut by one thread, and digested by another. */
  async #keepWhole(
    file: FileToStore,
    { sizeBytes, intake }: { sizeBytes: number; intake: BlobIntake },
  ): Promise<StoredFile> {
    const { pool, ledger, places } = this.#parts
    const to = await intake.place()
    const block: Block = { digest: undefined }
    const layout = new GrowingLayout()
    let offset = 0
    const answer = ({ chunks, sizes }: Cuts): void => {
      const before = offset
      for (const [index, sha256] of splitHex(chunks).entries()) {
        const size = sizes[index] as number
        layout.add({ sha256, block, offset, sizeBytes: size, storedBytes: size, encoding: 'plain' })
        offset += size
      }
      this.#count(0, offset - before)
    }
    // With a thread to spare the whole is digested there.
    const beside = pool.idle >= 2 ? new SharedSlab().memory : undefined
    const stop = new AbortController()
    const signal = AbortSignal.any([this.#signal, stop.signal])
    try {
      const keeping = pool.run('keepFile', { file, to, sizeBytes, beside }, { answer, signal })
      const digesting = beside && pool.run('digestBeside', { memory: beside }, { signal })
      // What keeps the one from reading keeps the other from digesting, and is what has to be said.
      digesting?.catch(() => stop.abort())
      const sha256 = (await keeping) ?? (await digesting)
      const digest: Digest = `sha256:${sha256}`
      if ((await ledger.known([digest])).has(digest)) return { digest, sizeBytes }
      await intake.take(to, { digest, sizeBytes })
      this.#progress.newBytes += sizeBytes
      block.digest = digest
      ledger.finish({ digest, sizeBytes, layout })
      await ledger.save()
      places.learn(segmentsIn({ digest, sizeBytes }, layout.text()))
      return { digest, sizeBytes }
    } finally {
      await intake.discard(to)
    }
  }

  /** Chunks of a large file go to its layout; those of small ones to files of their own, of which `done` is told. */
  #taker(done: (index: number, file: StoredFile) => void, large?: GrowingLayout): SlabTaker {
    let waiting: { spots: readonly Spot[]; packed: () => void; finish: () => Promise<void> } | undefined
    return async (question) => {
      this.#signal.throwIfAborted()
      if (question.kind === 'packed') {
        if (waiting === undefined) throw new Error('Chunks came that nobody asked for.')
        const { spots, packed, finish } = waiting
        await this.#place(question, spots)
        packed()
        await finish()
        return undefined
      }
      const { promise, resolve: packed } = Promise.withResolvers<void>()
      const judged = await this.#judge(question, promise, large !== undefined)
      const { spots, wanted, files } = judged
      const finish = async (): Promise<void> => {
        // Some of them may come with the slab of another task, or not any more.
        const others = new Set(
          spots.flatMap((spot) => (spot === undefined || spot.isPlaced ? [] : [spot.packed])),
        )
        if (others.size > 0) await Promise.race([Promise.all(others), this.#stopped])
        if (large !== undefined) {
          addAll(large, spots)
          this.#count(0, sum(question.sizes))
        }
        for (const { index, digest, sizeBytes, layout, spots: own } of files) {
          if (layout !== undefined) {
            addAll(layout, own)
            this.#parts.ledger.finish({ digest, sizeBytes, layout })
          }
          this.#count(1, sizeBytes)
          done(index, { digest, sizeBytes })
        }
      }
      if (wanted.length > 0) {
        waiting = { spots: wanted.map((at) => spots[at] as Spot), packed, finish }
        return flags(spots.length, wanted)
      }
      await finish()
      return undefined
    }
  }

  /** Which chunks of an offer are to be brought, and where all of them are or will be. */
  async #judge(offer: Offer, packed: Promise<void>, isLarge: boolean): Promise<Judged> {
    const { ledger, places } = this.#parts
    const chunks = splitHex(offer.chunks)
    const digests = splitHex(offer.digests).map((sha256): Digest => `sha256:${sha256}`)
    const known = await ledger.known(digests)
    /** By chunk, whether the index is to know it. */
    const needed = new Map<string, boolean>(isLarge ? chunks.map((sha256) => [sha256, true]) : [])
    let end = 0
    const ranges = digests.map((digest, at) => {
      const from = end
      end += offer.chunkCounts[at] as number
      if (!known.has(digest)) for (const sha256 of chunks.slice(from, end)) needed.set(sha256, end - from > 1)
      return { digest, from, to: end, index: offer.files[at] as number }
    })
    const found = await places.find(needed)
    const wanted: number[] = []
    const spots = chunks.map((sha256, at): Spot | undefined => {
      const indexed = needed.get(sha256)
      if (indexed === undefined) return undefined
      const there = found.get(sha256)
      if (there !== undefined) return there
      const spot = places.claim({ sha256, sizeBytes: offer.sizes[at] as number, packed, indexed })
      found.set(sha256, spot)
      wanted.push(at)
      return spot
    })
    const files = ranges.map(({ digest, from, to, index }) => ({
      index,
      digest,
      sizeBytes: sum(offer.sizes.subarray(from, to)),
      spots: spots.slice(from, to),
      layout: known.has(digest) ? undefined : ledger.begin(digest),
    }))
    return { spots, wanted, files }
  }

  async #place({ bytes, storedSizes, compressed }: Packed, spots: readonly Spot[]): Promise<void> {
    this.#progress.newBytes += bytes.byteLength
    const { block, offset } = await this.#packer.append(bytes, spots.length)
    let at = offset
    for (const [index, spot] of spots.entries()) {
      const storedBytes = storedSizes[index] as number
      const encoding = compressed[index] === 1 ? 'zstd' : 'plain'
      Object.assign(spot, {
        block,
        offset: at,
        storedBytes,
        encoding,
        isPlaced: true,
      } satisfies Partial<Spot>)
      at += storedBytes
    }
    // It may have been sealed while this waited for room.
    if (block.digest !== undefined) return this.#parts.places.settle(spots)
    const unsettled = this.#unsettled.get(block) ?? []
    for (const spot of spots) unsettled.push(spot)
    this.#unsettled.set(block, unsettled)
  }

  async #sealed(block: Block): Promise<void> {
    await this.#parts.ledger.save()
    this.#parts.places.settle(this.#unsettled.get(block) ?? [])
    this.#unsettled.delete(block)
  }

  #count(files: number, bytes: number): void {
    this.#progress.files += files
    this.#progress.bytes += bytes
    this.#report?.({ ...this.#progress })
  }
}

function addAll(layout: GrowingLayout, spots: readonly (Spot | undefined)[]): void {
  for (const spot of spots) if (spot !== undefined) layout.add(spot)
}

function splitHex(joined: string): string[] {
  const parts: string[] = []
  for (let at = 0; at < joined.length; at += hexDigits) parts.push(joined.slice(at, at + hexDigits))
  return parts
}

function sum(sizes: Uint32Array): number {
  return sizes.reduce((total, size) => total + size, 0)
}

function flags(length: number, set: readonly number[]): Uint8Array {
  const all = new Uint8Array(length)
  for (const index of set) all[index] = 1
  return all
}

/** Lets so many run at once. */
function slots(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}
