import type {
  CategoryFeature,
  FeatureColumn,
  Level,
  NumberFeature,
  TrainingTable,
} from '#lifecycle/training/index'
import type { Random } from '#platform/random'

/**
 * How a feature's values become small integers. Bin 0 is "missing" and, for a category, also "a level not known here";
 * it learns its own way through every tree.
 */
export type FeatureBins = NumberBins | CategoryBins

/** Bin `b` holds `upperBounds[b - 2] < x <= upperBounds[b - 1]`, compared in single precision as the ONNX graph does. */
export interface NumberBins {
  readonly kind: 'number'
  readonly name: string
  readonly upperBounds: Float32Array
}

/** `levels[i]` is bin `i + 1`. Levels are ordered by their mean label, so that sets of them tend to be a few ranges. */
export interface CategoryBins {
  readonly kind: 'category'
  readonly name: string
  readonly levels: readonly Level[]
}

export interface BinLimits {
  readonly maxBin: number
  readonly maxCategories: number
}

/** The bound of the last bin: every finite float32 is at most this. */
export const largestFloat = 3.4028234663852886e38

const sampleRows = 200_000

export function binCount(bins: FeatureBins): number {
  return 1 + (bins.kind === 'number' ? bins.upperBounds.length : bins.levels.length)
}

export function fitBins(table: TrainingTable, limits: BinLimits, random: Random): FeatureBins[] {
  return table.features.map((feature) =>
    feature.kind === 'number'
      ? fitNumberBins(feature, limits.maxBin, random.fork(feature.name))
      : fitCategoryBins(feature, table, limits.maxCategories),
  )
}

function fitNumberBins({ name, values }: NumberFeature, maxBin: number, random: Random): NumberBins {
  const sorted = sampleOf(values, random).sort()
  const distinct: number[] = []
  const counts: number[] = []
  for (const value of sorted) {
    if (Number.isNaN(value)) break // typed arrays sort NaN last
    if (value === distinct.at(-1)) counts[counts.length - 1] = (counts.at(-1) as number) + 1
    else {
      distinct.push(value)
      counts.push(1)
    }
  }
  return { kind: 'number', name, upperBounds: Float32Array.from(boundsOf(distinct, counts, maxBin)) }
}

function sampleOf(values: Float32Array, random: Random): Float32Array {
  if (values.length <= sampleRows) return values.slice()
  return Float32Array.from({ length: sampleRows }, () => values[random.below(values.length)] as number)
}

/** Bins of about equally many rows; a value more frequent than that has a bin of its own. */
function boundsOf(distinct: readonly number[], counts: readonly number[], maxBin: number): number[] {
  const bounds: number[] = []
  let rowsLeft = counts.reduce((sum, count) => sum + count, 0)
  let binsLeft = Math.min(maxBin, distinct.length)
  let inBin = 0
  for (let i = 0; i + 1 < distinct.length && binsLeft > 1; i++) {
    inBin += counts[i] as number
    const share = distinct.length <= maxBin ? 0 : rowsLeft / binsLeft
    if (inBin < share && (counts[i + 1] as number) < share) continue
    bounds.push(boundBetween(distinct[i] as number, distinct[i + 1] as number))
    rowsLeft -= inBin
    inBin = 0
    binsLeft--
  }
  return distinct.length === 0 ? [] : [...bounds, largestFloat]
}

/** A float32 `t` with `low <= t < high`: rounding the middle of two neighbouring floats may give `high`, which would be wrong. */
function boundBetween(low: number, high: number): number {
  const middle = Math.fround((low + high) / 2)
  return middle < high && middle >= low ? middle : low
}

function fitCategoryBins(
  feature: CategoryFeature,
  table: TrainingTable,
  maxCategories: number,
): CategoryBins {
  const size = feature.levels.length
  const counts = new Float64Array(size)
  const sums = new Float64Array(size)
  let labelSum = 0
  for (let i = 0; i < feature.codes.length; i++) {
    const label = table.label[i] as number
    const code = feature.codes[i] as number
    labelSum += label
    if (code < 0) continue
    counts[code] = (counts[code] as number) + 1
    sums[code] = (sums[code] as number) + label
  }
  const mean = labelSum / table.rows
  const smoothed = sums.map((sum, i) => (sum + 10 * mean) / ((counts[i] as number) + 10))
  const byName = Array.from(counts.keys()).filter((code) => (counts[code] as number) > 0)
  byName.sort((a, b) => (String(feature.levels[a]) < String(feature.levels[b]) ? -1 : 1))
  const frequent = byName.toSorted((a, b) => (counts[b] as number) - (counts[a] as number))
  const kept = new Set(frequent.slice(0, maxCategories))
  const ordered = byName.filter((code) => kept.has(code))
  ordered.sort((a, b) => (smoothed[a] as number) - (smoothed[b] as number))
  return {
    kind: 'category',
    name: feature.name,
    levels: ordered.map((code) => feature.levels[code] as Level),
  }
}

/** Writes the bin of every row of one feature to `cells[row * stride + at]`, plus `offset`. */
export function binFeature(
  feature: FeatureColumn,
  bins: FeatureBins,
  target: {
    readonly cells: Uint16Array | Uint32Array
    readonly at: number
    readonly stride: number
    readonly offset: number
  },
): void {
  const { cells, stride, offset } = target
  let at = target.at
  if (feature.kind === 'number' && bins.kind === 'number') {
    const { values } = feature
    for (let i = 0; i < values.length; i++, at += stride)
      cells[at] = offset + numberBin(bins.upperBounds, values[i] as number)
    return
  }
  if (feature.kind === 'number' || bins.kind === 'number') throw new TypeError(`${bins.name}: kinds differ`)
  const binOf = new Map(bins.levels.map((level, i) => [level, i + 1]))
  const binOfCode = Int32Array.from(feature.levels, (level) => binOf.get(level) ?? 0)
  const { codes } = feature
  for (let i = 0; i < codes.length; i++, at += stride) {
    const code = codes[i] as number
    cells[at] = offset + (code < 0 ? 0 : (binOfCode[code] as number))
  }
}

function numberBin(upperBounds: Float32Array, value: number): number {
  if (Number.isNaN(value)) return 0
  let low = 0
  let high = upperBounds.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (value <= (upperBounds[middle] as number)) high = middle
    else low = middle + 1
  }
  return low + 1
}
