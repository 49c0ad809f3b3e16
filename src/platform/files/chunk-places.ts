import type { BlobStore, Digest } from '../blobs/index.ts'
import type { Clock } from '../clock.ts'
import type { Block } from './block-packer.ts'
import { placesOf, type ChunkIndex } from './chunk-index.ts'
import type { Segment } from './file-store.ts'

/** Where a chunk is, or will be when the slab that brings it is packed. */
export interface Spot {
  readonly sha256: string
  readonly sizeBytes: number
  readonly packed: Promise<void>
  /** Whether the index is to know it: the one chunk of a small file is found by the digest of the file. */
  indexed: boolean
  isPlaced: boolean
  block: Block | undefined
  offset: number
  storedBytes: number
  encoding: Segment['encoding']
}

const atOnce = Promise.resolve()

/** So often a block that is named again is made young again: garbage collection spares what is younger than an hour. */
const renewMs = 10 * 60_000

/**
 * Finds chunks that need not be stored: those that this run brings already, and those that the index knows in blocks that
 * exist. A block is made young before a layout may name it, since garbage may be collected at the same time.
 */
export class ChunkPlaces {
  readonly #blobs: BlobStore
  readonly #index: ChunkIndex
  readonly #clock: Clock
  readonly #coming = new Map<string, Spot>()
  readonly #blocks = new Map<
    Digest,
    { readonly block: Block; readonly exists: Promise<boolean>; at: number }
  >()

  constructor({ blobs, index, clock }: { blobs: BlobStore; index: ChunkIndex; clock: Clock }) {
    this.#blobs = blobs
    this.#index = index
    this.#clock = clock
  }

  /** A block that a layout may name, or undefined when it is not there. */
  async usable(digest: Digest): Promise<Block | undefined> {
    const known = this.#blocks.get(digest)
    if (known !== undefined && this.#clock.now() - known.at < renewMs)
      return (await known.exists) ? known.block : undefined
    const exists = this.#renew(digest)
    const entry = { block: { digest }, exists, at: this.#clock.now() }
    this.#blocks.set(digest, entry)
    return (await exists) ? entry.block : undefined
  }

  /** Where chunks are or will be, by their SHA-256; what is missing is to be brought. `chunks` tells whether to ask the index. */
  async find(chunks: ReadonlyMap<string, boolean>): Promise<Map<string, Spot>> {
    const found = new Map<string, Spot>()
    for (const [sha256, indexed] of chunks) {
      const place = indexed && !this.#coming.has(sha256) ? this.#index.find(sha256) : undefined
      if (place === undefined) continue
      const block = await this.usable(place.block)
      if (block === undefined) this.#index.dropBlock(place.block)
      else
        found.set(sha256, {
          ...place,
          block,
          sha256,
          indexed: false,
          isPlaced: true,
          packed: atOnce,
        })
    }
    // Last, and without waiting: what another slab has claimed meanwhile is there.
    for (const [sha256, indexed] of chunks) {
      const coming = this.#coming.get(sha256)
      if (coming === undefined) continue
      coming.indexed ||= indexed
      found.set(sha256, coming)
    }
    return found
  }

  /** How many of these chunks are stored already, as far as the index knows. */
  countKnown(chunks: readonly string[]): number {
    return chunks.filter((sha256) => this.#coming.has(sha256) || this.#index.find(sha256) !== undefined)
      .length
  }

  /** A chunk that is about to be packed. */
  claim(chunk: Pick<Spot, 'sha256' | 'sizeBytes' | 'packed' | 'indexed'>): Spot {
    const spot: Spot = {
      ...chunk,
      isPlaced: false,
      block: undefined,
      offset: 0,
      storedBytes: chunk.sizeBytes,
      encoding: 'plain',
    }
    this.#coming.set(chunk.sha256, spot)
    return spot
  }

  /** The chunks of a file that is a block by itself. */
  learn(segments: Iterable<Segment>): void {
    this.#index.add(placesOf(segments))
  }

  /** Chunks whose block is stored: those of files with several are found by the index from now on. */
  settle(spots: readonly Spot[]): void {
    this.#index.add(
      spots.flatMap(({ indexed, block, offset, sizeBytes, storedBytes, encoding, sha256 }) => {
        if (!indexed || block?.digest === undefined) return []
        return [{ sha256, place: { block: block.digest, offset, sizeBytes, storedBytes, encoding } }]
      }),
    )
    for (const { sha256 } of spots) this.#coming.delete(sha256)
  }

  async #renew(digest: Digest): Promise<boolean> {
    await this.#blobs.renew(digest)
    return (await this.#blobs.head(digest)) !== undefined
  }
}
