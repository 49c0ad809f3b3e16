import type { Digest } from '../blobs/index.ts'
import { splitChunkNames } from './chunk-names.ts'
import type { ChunkPlaces, Spot } from './chunk-places.ts'
import type { FileLedger, GrowingLayout } from './file-ledger.ts'
import type { StoredFile } from './file-store.ts'
import type { Offer } from './slab.ts'

/** An offer whose chunks have been judged. */
export interface JudgedOffer {
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

/** Which chunks of an offer are to be brought, and where all of them are or will be. */
export async function judgeOffer(
  offer: Offer,
  { packed, isLarge }: { readonly packed: Promise<void>; readonly isLarge: boolean },
  { ledger, places }: { readonly ledger: FileLedger; readonly places: ChunkPlaces },
): Promise<JudgedOffer> {
  const chunks = splitChunkNames(offer.chunks)
  const digests = splitChunkNames(offer.digests).map((sha256): Digest => `sha256:${sha256}`)
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
    sizeBytes: sumOf(offer.sizes.subarray(from, to)),
    spots: spots.slice(from, to),
    layout: known.has(digest) ? undefined : ledger.begin(digest),
  }))
  return { spots, wanted, files }
}

export function sumOf(sizes: Uint32Array): number {
  return sizes.reduce((total, size) => total + size, 0)
}
