/** One line of the table: our figure and, where one was measured, a peer's in the same unit on the same machine. */
export interface BenchmarkRow {
  readonly name: string
  readonly ours: number
  readonly peer?: number
  readonly unit: string
  /** Ours by the peer's, or by what `note` says. */
  readonly ratio?: number
  readonly note?: string
}

export interface BenchmarkOptions {
  /** A Python with the peers installed; without one they are left out. */
  readonly python: string | undefined
}

export type Benchmark = (options: BenchmarkOptions) => Promise<BenchmarkRow[]>

/** The middle one; of an even number, the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** How long each of several repetitions took, in milliseconds, one after the other. */
export async function durationsMs(count: number, work: (index: number) => unknown): Promise<number[]> {
  const durations: number[] = []
  for (let index = 0; index < count; index++) {
    const startedAt = performance.now()
    await work(index)
    durations.push(performance.now() - startedAt)
  }
  return durations
}
