import { z } from 'zod'

/**
 * How many distinct values there are, in a bounded size, so that two sets together are counted from their two sketches: the
 * smallest hashes that occur ("k minimum values": Bar-Yossef et al. 2002; Beyer et al. 2007). Below k distinct values the
 * count is exact; beyond, its standard error is 1 / √(k - 2), 3.1 % for k = 1024. The smallest of a union are among the
 * smallest of its parts, so merging in any order gives the sketch of all values at once, and rows that occur on both sides
 * count once.
 */
export interface DistinctSketch {
  /** What computed the hashes: those of different makers cannot be compared. */
  readonly hash: string
  readonly size: number
  /** 48 bits each, ascending, as base64 of 6 bytes. */
  readonly smallest: string
}

export const distinctSketchSchema = z.object({
  hash: z.string(),
  size: z.int().min(1),
  smallest: z.string(),
})

export const distinctSketchSize = 1024
const hashBytes = 6
const hashRange = 2 ** (8 * hashBytes)

/** 48 bits of DuckDB's hash. */
export function hashExpression(value: string): string {
  return `(hash(${value}) >> 16)`
}

/** A condition that about twice as many distinct values meet as a sketch keeps: the others need not be looked at. */
export function isSmallHash(value: string, estimatedDistinct: number): string | undefined {
  // The estimate may be off by a tenth; 2 k ± 3 √(2 k) leaves room for that.
  const share = (2.5 * distinctSketchSize) / Math.max(1, estimatedDistinct)
  return share >= 1 ? undefined : `${hashExpression(value)} < ${Math.floor(share * hashRange)}`
}

export function distinctSketch(hashes: Iterable<number>, hash: string): DistinctSketch {
  const smallest = Float64Array.from(new Set(hashes)).sort().subarray(0, distinctSketchSize)
  return { hash, size: distinctSketchSize, smallest: encode(smallest) }
}

/** Undefined when the hashes of the two cannot be compared. */
export function mergeDistinctSketches(a: DistinctSketch, b: DistinctSketch): DistinctSketch | undefined {
  if (a.hash !== b.hash) return undefined
  const size = Math.min(a.size, b.size)
  const all = Float64Array.from(new Set([...decode(a), ...decode(b)])).sort()
  return { hash: a.hash, size, smallest: encode(all.subarray(0, size)) }
}

/** Exact while fewer distinct values were seen than the sketch keeps. */
export function estimateDistinct(sketch: DistinctSketch): { distinct: number; exact: boolean } {
  const hashes = decode(sketch)
  if (hashes.length < sketch.size) return { distinct: hashes.length, exact: true }
  const largest = ((hashes.at(-1) as number) + 1) / hashRange
  return { distinct: Math.round((sketch.size - 1) / largest), exact: false }
}

function encode(hashes: Float64Array): string {
  const bytes = Buffer.alloc(hashes.length * hashBytes)
  hashes.forEach((hash, at) => bytes.writeUIntBE(hash, at * hashBytes, hashBytes))
  return bytes.toString('base64')
}

function decode({ smallest }: DistinctSketch): number[] {
  const bytes = Buffer.from(smallest, 'base64')
  return Array.from({ length: bytes.length / hashBytes }, (_, at) =>
    bytes.readUIntBE(at * hashBytes, hashBytes),
  )
}
