import { createRandom, type Random } from '#platform/random'
import type { Interval } from './contract.ts'
import { intervalOf } from './interval.ts'
import type { Metric, MetricOptions } from './metric.ts'
import { type ScoredRows, selectRows, weightAt } from './scored-rows.ts'
import { rowNumbers } from './sorting-order.ts'

export interface PairedBootstrapOptions {
  readonly seed: number
  /** Default 1,000. */
  readonly replicates?: number
  /** Rows resampled; above it a random part of this size stands for all. Default 10,000. */
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
  { seed, replicates = 1000, maximumRows = 10_000 }: PairedBootstrapOptions,
): Interval | string {
  const random = createRandom(seed)
  const all = pair.candidate.n
  const marks = all <= maximumRows ? undefined : sampleRows(random, all, maximumRows)
  const candidate = keepRows(pair.candidate, marks)
  const reference = keepRows(pair.reference, marks)
  const centre = differenceOf(metric.value(candidate, pair.options), metric.value(reference, pair.options))
  const resample =
    metric.perRow === undefined
      ? resampleCounts(metric, { candidate, reference, options: pair.options })
      : resampleMeans(metric.perRow, { candidate, reference })
  const differences: number[] = []
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    const difference = resample(random)
    if (Number.isFinite(difference)) differences.push(difference)
  }
  if (differences.length < 0.95 * replicates || !Number.isFinite(centre)) {
    return `undefined in ${replicates - differences.length} of ${replicates} resamples`
  }
  const sorted = Float64Array.from(differences).sort()
  const shrink = Math.sqrt(candidate.n / all)
  const full = pair.candidateValue - pair.referenceValue
  const part = marks === undefined ? '' : `, on ${candidate.n} of ${all} rows`
  return intervalOf(
    {
      low: full + (quantile(sorted, 0.025) - centre) * shrink,
      high: full + (quantile(sorted, 0.975) - centre) * shrink,
    },
    `paired bootstrap, ${replicates} replicates, seed ${seed}${part}`,
  )
}

/** Draws rows with replacement and gives the difference of the two models on them. */
type Resample = (random: Random) => number

/** For any metric: how often each row was drawn is its weight. */
function resampleCounts(
  metric: Metric,
  { candidate, reference, options }: Pick<BootstrapPair, 'candidate' | 'reference' | 'options'>,
): Resample {
  const n = candidate.n
  const counts = new Float64Array(n)
  const first = { ...candidate, weights: new Float64Array(n) }
  const second = { ...reference, weights: new Float64Array(n) }
  return (random) => {
    counts.fill(0)
    for (let draw = 0; draw < n; draw += 1) {
      const row = random.below(n)
      counts[row] = (counts[row] as number) + 1
    }
    reweigh(first, candidate, counts)
    reweigh(second, reference, counts)
    return differenceOf(metric.value(first, options), metric.value(second, options))
  }
}

/** For means: the mean difference of the rows drawn, without looking at the others. */
function resampleMeans(
  perRow: NonNullable<Metric['perRow']>,
  { candidate, reference }: Pick<BootstrapPair, 'candidate' | 'reference'>,
): Resample {
  const n = candidate.n
  const terms = new Float64Array(n)
  const weights = new Float64Array(n)
  const add = (rows: ScoredRows, sign: 1 | -1): void => {
    for (let position = 0; position < n; position += 1) {
      const row = rows.rows[position] as number
      const weight = weightAt(rows, position)
      const term = perRow(rows.labels[position] as number, rows.scores[position] as number)
      terms[row] = (terms[row] as number) + sign * weight * term
      weights[row] = weight
    }
  }
  add(candidate, 1)
  add(reference, -1)
  return (random) => {
    let sum = 0
    let weight = 0
    for (let draw = 0; draw < n; draw += 1) {
      const row = random.below(n)
      sum += terms[row] as number
      weight += weights[row] as number
    }
    return sum / weight
  }
}

function differenceOf(first: number | string, second: number | string): number {
  return typeof first === 'string' || typeof second === 'string' ? NaN : first - second
}

function reweigh(into: { readonly weights: Float64Array }, rows: ScoredRows, counts: Float64Array): void {
  for (let position = 0; position < rows.n; position += 1) {
    into.weights[position] = weightAt(rows, position) * (counts[rows.rows[position] as number] as number)
  }
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

/** The marked rows, numbered from zero again; all of them without marks. */
function keepRows(rows: ScoredRows, marks: Uint8Array | undefined): ScoredRows {
  if (marks === undefined) return rows
  const number = new Uint32Array(rows.n)
  let kept = 0
  for (let row = 0; row < rows.n; row += 1) {
    number[row] = kept
    kept += marks[row] as number
  }
  const positions = rowNumbers(rows.n).filter((position) => marks[rows.rows[position] as number] === 1)
  const part = selectRows(rows, positions)
  return { ...part, rows: part.rows.map((row) => number[row] as number) }
}

/** Linear interpolation between order statistics, the default of NumPy and R (type 7). */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const low = sorted[below] as number
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number
  return low + (place - below) * (high - low)
}
