import type { Block, BlockPacker } from './block-packer.ts'
import type { ChunkPlaces, Spot } from './chunk-places.ts'
import type { FileLedger, GrowingLayout } from './file-ledger.ts'
import type { StoredFile } from './file-store.ts'
import { judgeOffer, sumOf } from './judge-offer.ts'
import type { Offer, Packed, Wanted } from './slab.ts'
import type { ProgressCount } from './store-progress.ts'

interface TakerParts {
  readonly ledger: FileLedger
  readonly places: ChunkPlaces
  readonly packer: BlockPacker
  readonly progress: ProgressCount
  readonly signal: AbortSignal
  /** Rejects when the run is given up. */
  readonly stopped: Promise<never>
}

/** Answers the questions of one task. */
type Answers = (question: Offer | Packed) => Promise<Wanted>

/** Takes the chunks that tasks offer into blocks, and gives the files that they make their layouts. */
export class SlabTaker {
  readonly #parts: TakerParts
  /** Chunks of each block that is not sealed. */
  readonly #unsettled = new Map<Block, Spot[]>()

  constructor(parts: TakerParts) {
    this.#parts = parts
  }

  /** Chunks of a large file go to its layout; those of small ones to files of their own, of which `done` is told. */
  answering(done: (index: number, file: StoredFile) => void, large?: GrowingLayout): Answers {
    const { ledger, places, progress, signal, stopped } = this.#parts
    let waiting: { spots: readonly Spot[]; packed: () => void; finish: () => Promise<void> } | undefined
    return async (question) => {
      signal.throwIfAborted()
      if (question.kind === 'packed') {
        if (waiting === undefined) throw new Error('Chunks came that nobody asked for.')
        const { spots, packed, finish } = waiting
        await this.#place(question, spots)
        packed()
        await finish()
        return undefined
      }
      const { promise, resolve: packed } = Promise.withResolvers<void>()
      const how = { packed: promise, isLarge: large !== undefined }
      const { spots, wanted, files } = await judgeOffer(question, how, { ledger, places })
      const finish = async (): Promise<void> => {
        // Some of them may come with the slab of another task, or not any more.
        const others = new Set(
          spots.flatMap((spot) => (spot === undefined || spot.isPlaced ? [] : [spot.packed])),
        )
        if (others.size > 0) await Promise.race([Promise.all(others), stopped])
        if (large !== undefined) {
          addAll(large, spots)
          progress.add({ bytes: sumOf(question.sizes) })
        }
        for (const { index, digest, sizeBytes, layout, spots: own } of files) {
          if (layout !== undefined) {
            addAll(layout, own)
            ledger.finish({ digest, sizeBytes, layout })
          }
          progress.add({ files: 1, bytes: sizeBytes })
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

  /** To be told of each block that is stored. */
  async sealed(block: Block): Promise<void> {
    const { ledger, places } = this.#parts
    await ledger.save()
    places.settle(this.#unsettled.get(block) ?? [])
    this.#unsettled.delete(block)
  }

  async #place({ bytes, storedSizes, compressed }: Packed, spots: readonly Spot[]): Promise<void> {
    const { places, packer, progress } = this.#parts
    progress.add({ newBytes: bytes.byteLength })
    const { block, offset } = await packer.append(bytes, spots.length)
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
    if (block.digest !== undefined) return places.settle(spots)
    const unsettled = this.#unsettled.get(block) ?? []
    for (const spot of spots) unsettled.push(spot)
    this.#unsettled.set(block, unsettled)
  }
}

function addAll(layout: GrowingLayout, spots: readonly (Spot | undefined)[]): void {
  for (const spot of spots) if (spot !== undefined) layout.add(spot)
}

function flags(length: number, set: readonly number[]): Uint8Array {
  const all = new Uint8Array(length)
  for (const index of set) all[index] = 1
  return all
}
