import { bitsOf } from './source-table.ts'

/** First and last of a column of times, in microseconds. */
export interface Span {
  readonly first: bigint
  readonly last: bigint
}

/** One number by which the rows of a key are in order: by time, then by when they became known, then by their place. */
export interface OrderKey {
  /** Of a row with `e`, `c` and `n`. */
  readonly ofRow: string
  /** The largest that a row of the moment `t` could have. */
  ofMoment(t: string): string
}

/** HUGEINT has 127 bits; two are left, so that nothing at a bound can overflow. */
const mostBits = 125

/**
 * ASOF compares one column, so time, creation and place are packed into one number of as many bits as this source needs.
 * Undefined when they do not fit: two columns that span thousands of years in microseconds.
 *
 * @param created undefined where it is the time itself
 */
export function orderKey(time: Span, created: Span | undefined, placeBits: number): OrderKey | undefined {
  const createdBits = created === undefined ? 0 : bitsOf(created.last - created.first)
  const lowBits = placeBits + createdBits
  if (bitsOf(time.last - time.first) + lowBits > mostBits) return undefined
  const above = `${2n ** BigInt(lowBits)}::HUGEINT`
  const middle =
    created === undefined ? '' : ` + (c - ${created.first})::HUGEINT * ${2n ** BigInt(placeBits)}::HUGEINT`
  const { first, last } = time
  return {
    ofRow: `(e - ${first})::HUGEINT * ${above}${middle} + n`,
    ofMoment: (t) => `(least(greatest(${t}, ${first} - 1), ${last}) - ${first} + 1)::HUGEINT * ${above} - 1`,
  }
}
