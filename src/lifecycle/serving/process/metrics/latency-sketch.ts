/** Buckets per doubling: a quantile is off by at most half a bucket, 1/32 of its value. */
const perOctave = 16
const octaveBits = 4

/** Number of buckets of a sketch, for times up to 2^31 microseconds. */
export const sketchBuckets = (31 - octaveBits + 1) * perOctave

/**
 * The bucket of a time in milliseconds: linear up to 16 µs, then logarithmic with 16 parts to each doubling, as HdrHistogram
 * counts (hdrhistogram.org). Two sketches are merged by adding their counts.
 */
export function sketchBucket(milliseconds: number): number {
  const micros = milliseconds < 2_147_483 ? Math.max(0, milliseconds * 1000) | 0 : 0x7fff_ffff
  if (micros < perOctave) return micros
  const exponent = 31 - Math.clz32(micros)
  return (exponent - octaveBits + 1) * perOctave + ((micros >> (exponent - octaveBits)) & (perOctave - 1))
}

/** The middle of a bucket, in milliseconds. */
export function bucketMiddleMs(bucket: number): number {
  if (bucket < perOctave) return (bucket + 0.5) / 1000
  const exponent = Math.floor(bucket / perOctave) + octaveBits - 1
  const width = 2 ** (exponent - octaveBits)
  return ((perOctave + (bucket % perOctave) + 0.5) * width) / 1000
}

/** Quantiles (shares from 0 to 1, ascending) of `total` times; undefined for each when there are none. */
export function sketchQuantiles(
  counts: Uint32Array,
  total: number,
  shares: readonly number[],
): readonly (number | undefined)[] {
  if (total === 0) return shares.map(() => undefined)
  let bucket = -1
  let seen = 0
  return shares.map((share) => {
    const rank = Math.max(1, Math.ceil(share * total))
    while (seen < rank && bucket < counts.length - 1) seen += counts[++bucket] as number
    return bucketMiddleMs(Math.max(0, bucket))
  })
}
