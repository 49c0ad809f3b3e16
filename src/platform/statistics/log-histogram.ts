import { z } from 'zod'

/** Ratio of neighbouring edges: whatever is read out of the histogram is exact to 2 %. */
const growth = 1.02
const logGrowth = Math.log(growth)
/** Values nearer to zero count as zero. */
const smallest = 1e-6

/** A histogram as JSON: pairs of bucket and count, in the order of the values. */
export const histogramStateSchema = z.array(z.tuple([z.int(), z.int().min(1)]))
export type HistogramState = z.infer<typeof histogramStateSchema>

/**
 * Counts of numbers in buckets whose width grows with the value: a few hundred counts, however many numbers come. How many
 * numbers are at most an edge is exact, and that is all that sequential tests on quantiles and distributions ask for.
 */
export class LogHistogram {
  readonly #counts: Map<number, number>
  #total: number

  constructor(state: HistogramState = []) {
    this.#counts = new Map(state)
    this.#total = state.reduce((sum, [, count]) => sum + count, 0)
  }

  get total(): number {
    return this.#total
  }

  get state(): HistogramState {
    return [...this.#counts].sort(([a], [b]) => a - b)
  }

  /** Ignores what is no finite number. */
  add(value: number): void {
    if (!Number.isFinite(value)) return
    const bucket = bucketOf(value)
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
    this.#total++
  }

  /** Edges of the bucket that holds the `rank`-th smallest number, counted from 1. Unbounded beyond the numbers. */
  bucketAt(rank: number): { readonly low: number; readonly high: number } {
    if (rank < 1) return { low: Number.NEGATIVE_INFINITY, high: Number.NEGATIVE_INFINITY }
    let seen = 0
    for (const [bucket, count] of this.state) {
      seen += count
      if (seen >= rank) return { low: edgeBelow(bucket), high: edgeBelow(bucket + 1) }
    }
    return { low: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  }
}

/** 0 holds what is about zero; buckets of positive numbers are above it, of negative ones below. */
function bucketOf(value: number): number {
  const size = Math.abs(value)
  if (size < smallest) return 0
  const bucket = 1 + Math.floor(Math.log(size / smallest) / logGrowth)
  return value > 0 ? bucket : -bucket
}

/** Lower edge: the value from which the bucket reaches to the lower edge of the next. */
function edgeBelow(bucket: number): number {
  if (bucket > 0) return smallest * growth ** (bucket - 1)
  return bucket === 0 ? -smallest : -smallest * growth ** -bucket
}

/** The largest gap between the shares of two histograms up to the same edge, and where it is. */
export function largestGap(
  first: LogHistogram,
  second: LogHistogram,
): { readonly gap: number; readonly at: number } {
  const firstCounts = new Map(first.state)
  const secondCounts = new Map(second.state)
  const buckets = [...new Set([...firstCounts.keys(), ...secondCounts.keys()])].sort((a, b) => a - b)
  let largest = { gap: 0, at: 0 }
  let below = { first: 0, second: 0 }
  for (const bucket of buckets) {
    below = {
      first: below.first + (firstCounts.get(bucket) ?? 0),
      second: below.second + (secondCounts.get(bucket) ?? 0),
    }
    const gap = Math.abs(below.first / first.total - below.second / second.total)
    if (gap > largest.gap) largest = { gap, at: edgeBelow(bucket + 1) }
  }
  return largest
}
