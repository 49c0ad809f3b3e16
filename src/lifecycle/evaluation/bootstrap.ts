import { createRandom, type Random } from '#platform/random'
import type { Interval } from './contract.ts'
import { intervalOf } from './interval.ts'
import type { Metric, MetricOptions } from './metric.ts'
import { type ScoredRows, selectRows } from './scored-rows.ts'

export interface PairedBootstrapOptions {
  readonly seed: number
  /** Default 1,000. */
  readonly replicates?: number
  /** Rows resampled; above it a random part of this size stands for all. Default 20,000. */
  readonly maximumRows?: number
}

export interface BootstrapPair {
  readonly candidate: ScoredRows
  readonly reference: ScoredRows
  readonly candidateValue: number
  readonly referenceValue: number
  readonly options: MetricOptions
}

/**
 * Percentile interval of the difference of two models over resampled rows, each row drawn for both (Efron and
 * Tibshirani, "An Introduction to the Bootstrap", 1993). With more rows than `maximumRows`, m of the n rows
 * are resampled and the deviations shrunk by √(m/n) (Politis, Romano and Wolf, "Subsampling", 1999), which
 * bounds the cost; the method says so. Same seed, same interval.
 *
 * Returns in words why there is none, when resamples leave the metric undefined (as with a handful of
 * positive rows).
 */
export function pairedBootstrap(
  metric: Metric,
  pair: BootstrapPair,
  { seed, replicates = 1000, maximumRows = 20_000 }: PairedBootstrapOptions,
): Interval | string {
  const random = createRandom(seed)
  const all = pair.candidate.n
  const kept = all <= maximumRows ? undefined : sampleRows(random, all, maximumRows)
  const candidate = kept === undefined ? pair.candidate : keepRows(pair.candidate, kept)
  const reference = kept === undefined ? pair.reference : keepRows(pair.reference, kept)
  const centre =
    kept === undefined
      ? pair.candidateValue - pair.referenceValue
      : differenceOf(metric.value(candidate, pair.options), metric.value(reference, pair.options))

  const counts = new Uint32Array(all)
  const differences: number[] = []
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    counts.fill(0)
    for (let draw = 0; draw < candidate.n; draw += 1) {
      const row = candidate.rows[random.below(candidate.n)] as number
      counts[row] = (counts[row] as number) + 1
    }
    const difference = differenceOf(
      metric.value(reweigh(candidate, counts), pair.options),
      metric.value(reweigh(reference, counts), pair.options),
    )
    if (Number.isFinite(difference)) differences.push(difference)
  }
  if (differences.length < 0.95 * replicates || !Number.isFinite(centre)) {
    return `undefined in ${replicates - differences.length} of ${replicates} resamples`
  }
  const sorted = Float64Array.from(differences).sort()
  const shrink = Math.sqrt(candidate.n / all)
  const full = pair.candidateValue - pair.referenceValue
  return intervalOf(
    {
      low: full + (quantile(sorted, 0.025) - centre) * shrink,
      high: full + (quantile(sorted, 0.975) - centre) * shrink,
    },
    `paired bootstrap, ${replicates} replicates, seed ${seed}${kept === undefined ? '' : `, on ${candidate.n} of ${all} rows`}`,
  )
}

function differenceOf(first: number | string, second: number | string): number {
  return typeof first === 'string' || typeof second === 'string' ? NaN : first - second
}

/** The rows once per draw; rows that were not drawn weigh nothing. */
function reweigh(rows: ScoredRows, counts: Uint32Array): ScoredRows {
  const weights = new Float64Array(rows.n)
  for (let position = 0; position < rows.n; position += 1) {
    const own = rows.weights === undefined ? 1 : (rows.weights[position] as number)
    weights[position] = own * (counts[rows.rows[position] as number] as number)
  }
  return { ...rows, weights }
}

/** Selection sampling (Knuth, TAOCP 3.4.2, algorithm S): exactly `size` of the rows, marked with 1. */
function sampleRows(random: Random, count: number, size: number): Uint8Array {
  const marks = new Uint8Array(count)
  let needed = size
  for (let row = 0; needed > 0; row += 1) {
    if (random.uniform() * (count - row) >= needed) continue
    marks[row] = 1
    needed -= 1
  }
  return marks
}

function keepRows(rows: ScoredRows, marks: Uint8Array): ScoredRows {
  const positions: number[] = []
  for (let position = 0; position < rows.n; position += 1) {
    if (marks[rows.rows[position] as number] === 1) positions.push(position)
  }
  return selectRows(rows, Uint32Array.from(positions))
}

/** Linear interpolation between order statistics, the default of NumPy and R (type 7). */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const low = sorted[below] as number
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number
  return low + (place - below) * (high - low)
}
