/**
 * Upper ends of buckets for times, in seconds: from a tenth of a millisecond, since a small model answers within one, to
 * half a minute, since others take that long.
 */
export const durationBounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]
export const batchBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096]

/** Counts values in buckets, as Prometheus has it. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.sum += value
  }

  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0)
  }

  /** 0 when nothing was observed. */
  get mean(): number {
    return this.sum / Math.max(1, this.count)
  }

  lines(name: string, labels: string): string[] {
    let total = 0
    const buckets = this.#bounds.map((bound, index) => {
      total += this.#counts[index] as number
      return `${name}_bucket{${labels},le="${bound}"} ${total}`
    })
    total += this.#counts[this.#bounds.length] as number
    return [
      ...buckets,
      `${name}_bucket{${labels},le="+Inf"} ${total}`,
      `${name}_sum{${labels}} ${this.sum}`,
      `${name}_count{${labels}} ${total}`,
    ]
  }
}
