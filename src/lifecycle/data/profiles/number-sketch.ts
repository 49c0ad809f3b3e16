import { z } from 'zod'

/** A number that occurs, and how often. */
export interface ValueCount {
  readonly value: number
  readonly count: number
}

/**
 * How numbers are spread, in a bounded size, so that the sketch of two sets together is computed from their two sketches
 * without loss: merging in any order gives bit for bit the sketch of all values at once.
 *
 * Values are counted in bins whose edges are the same for everybody. On the logarithmic scale a bin of level 0 spans
 * 2^(1 / 2^20) and is identified by an integer; each level joins two neighbours into one (uniform collapse: Epicoco et al.
 * 2020, "UDDSketch", after Masson, Rim & Lee 2019, "DDSketch"). The level is the lowest one at which the bins in use are no
 * more than `maximumBins` and no further apart than `maximumSpan`. Both only grow when values are added, and a bin of a
 * level is a function of the bin of any level below, which is why the order of merging cannot matter.
 *
 * Dates and times lie far from zero, where a relative error says nothing; they are counted on a linear scale of 1 ms (1 day
 * for dates) instead.
 */
export interface NumberSketch {
  readonly scale: NumberScale
  readonly level: number
  readonly zeros: number
  /** Bins of the values above zero, ascending; on a linear scale those of all values. */
  readonly positive: Bins
  /** Bins of the absolute values of those below zero, ascending. */
  readonly negative: Bins
}
export type NumberScale = 'logarithm' | 'day' | 'millisecond'

interface Bins {
  readonly indexes: readonly number[]
  readonly counts: readonly number[]
}

const binsSchema = z.object({
  indexes: z.array(z.int()).readonly(),
  counts: z.array(z.int().min(1)).readonly(),
})
export const numberSketchSchema = z.object({
  scale: z.enum(['logarithm', 'day', 'millisecond']),
  level: z.int().min(0),
  zeros: z.int().min(0),
  positive: binsSchema,
  negative: binsSchema,
})

const maximumBins = 1024
const maximumSpan = 8192
/** Bins of level 0 in a doubling. */
const binsPerDoubling = 2 ** 20
const dayMs = 86_400_000

/** A bin that values fall into, with its sign: -1 below zero, 0 zero, 1 above. */
export interface SignedBin {
  readonly sign: number
  readonly index: number
  readonly count: number
}

/** The bin of level 0. The half puts powers of two into the middle of a bin, where no rounding can move them. */
function baseIndex(magnitude: number): number {
  return Math.floor(Math.log2(magnitude) * binsPerDoubling + 0.5)
}

function linearUnit(scale: NumberScale): number {
  return scale === 'day' ? dayMs : 1
}

/** From every distinct value with its count. */
export function sketchOfCounts(values: readonly ValueCount[], scale: NumberScale): NumberSketch {
  const unit = linearUnit(scale)
  const bins = values.map(({ value, count }): SignedBin => {
    if (scale !== 'logarithm') return { sign: 1, index: Math.floor(value / unit), count }
    return value === 0
      ? { sign: 0, index: 0, count }
      : { sign: Math.sign(value), index: baseIndex(Math.abs(value)), count }
  })
  return sketchOfBins(bins, { scale, level: 0 })
}

/** From bins of a level, in any order and possibly several of the same index. */
export function sketchOfBins(
  bins: readonly SignedBin[],
  { scale, level }: { scale: NumberScale; level: number },
): NumberSketch {
  const zeros = bins.reduce((sum, { sign, count }) => (sign === 0 ? sum + count : sum), 0)
  const side = (sign: number): SignedBin[] =>
    bins.filter((bin) => bin.sign === sign).sort((a, b) => a.index - b.index)
  const [positive, negative] = [side(1), side(-1)]
  let [low, high] = [0, 0]
  if (positive.length + negative.length > 0) {
    low = Math.min(positive[0]?.index ?? Infinity, negative[0]?.index ?? Infinity)
    high = Math.max(positive.at(-1)?.index ?? -Infinity, negative.at(-1)?.index ?? -Infinity)
  }
  let width = 1
  let up = 0
  while (
    Math.floor(high / width) - Math.floor(low / width) >= maximumSpan ||
    binsInUse(positive, width) + binsInUse(negative, width) > maximumBins
  ) {
    width *= 2
    up++
  }
  return {
    scale,
    level: level + up,
    zeros,
    positive: joined(positive, width),
    negative: joined(negative, width),
  }
}

function binsInUse(sorted: readonly SignedBin[], width: number): number {
  let last = Number.NaN
  let used = 0
  for (const { index } of sorted) {
    const joined = Math.floor(index / width)
    if (joined === last) continue
    last = joined
    used++
  }
  return used
}

function joined(sorted: readonly SignedBin[], width: number): Bins {
  const indexes: number[] = []
  const counts: number[] = []
  for (const { index, count } of sorted) {
    const own = Math.floor(index / width)
    const last = indexes.length - 1
    if (indexes[last] === own) counts[last] = (counts[last] as number) + count
    else {
      indexes.push(own)
      counts.push(count)
    }
  }
  return { indexes, counts }
}

/** The sketch of the values of both. Scales must be the same; undefined when they are not. */
export function mergeNumberSketches(a: NumberSketch, b: NumberSketch): NumberSketch | undefined {
  if (a.scale !== b.scale) return undefined
  const level = Math.max(a.level, b.level)
  const bins = [...signedBins(a, level), ...signedBins(b, level)]
  return sketchOfBins(bins, { scale: a.scale, level })
}

function signedBins(sketch: NumberSketch, level: number): SignedBin[] {
  const width = 2 ** (level - sketch.level)
  const of = ({ indexes, counts }: Bins, sign: number): SignedBin[] =>
    indexes.map((index, at) => ({ sign, index: Math.floor(index / width), count: counts[at] as number }))
  return [...of(sketch.negative, -1), { sign: 0, index: 0, count: sketch.zeros }, ...of(sketch.positive, 1)]
}

/** A stretch of the number line with its values, the lowest first. */
export interface WeightedRange {
  readonly low: number
  readonly high: number
  /** The value that stands for all of the stretch. */
  readonly value: number
  readonly count: number
}

/** The bins as stretches of the number line, ascending. */
export function rangesOf(sketch: NumberSketch): WeightedRange[] {
  const { scale, level, zeros, positive, negative } = sketch
  const width = 2 ** level
  const ranges = ({ indexes, counts }: Bins): WeightedRange[] =>
    indexes.map((index, at) => {
      const count = counts[at] as number
      if (scale !== 'logarithm') {
        const unit = linearUnit(scale)
        const [low, high] = [index * width * unit, (index + 1) * width * unit - unit]
        return { low, high, value: low + Math.floor((high - low) / unit / 2) * unit, count }
      }
      const low = 2 ** ((index * width - 0.5) / binsPerDoubling)
      const high = 2 ** (((index + 1) * width - 0.5) / binsPerDoubling)
      return { low, high, value: middleOf(low, high), count }
    })
  const below = ranges(negative)
    .reverse()
    .map(({ low, high, value, count }) => ({ low: -high, high: -low, value: -value, count }))
  const zero = zeros === 0 ? [] : [{ low: 0, high: 0, value: 0, count: zeros }]
  return [...below, ...zero, ...ranges(positive)]
}

/** The value whose relative error is the same towards both ends; a whole number where the stretch has exactly one. */
function middleOf(low: number, high: number): number {
  const whole = Math.ceil(low)
  if (whole < high && whole + 1 >= high) return whole
  return Number.isFinite(high) ? low * (2 / (1 + low / high)) : low
}

/**
 * The furthest that a quantile of the sketch can lie from the exact one: relative to the value on the logarithmic scale, in
 * milliseconds on a linear one.
 */
export function sketchError({ scale, level }: NumberSketch): number {
  if (scale !== 'logarithm') return Math.ceil((2 ** level - 1) / 2) * linearUnit(scale)
  // A stretch that holds one whole number is told by it, which may lie at either end.
  return 2 ** (2 ** level / binsPerDoubling) - 1
}

/** The smallest value with at least that share of the values at or below it, for each share, within `sketchError`. */
export function sketchQuantiles(sketch: NumberSketch, shares: readonly number[]): number[] | null {
  const ranges = rangesOf(sketch)
  const total = ranges.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return null
  return shares.map((share) => {
    let below = 0
    for (const { value, count } of ranges) {
      below += count
      if (below >= share * total) return value
    }
    return (ranges.at(-1) as WeightedRange).value
  })
}

/** A level at which the bins of all values between these magnitudes are few enough to be counted by a query. */
export function levelFor(scale: NumberScale, low: number, high: number): number {
  const unit = linearUnit(scale)
  const indexOf = (value: number): number =>
    scale === 'logarithm' ? baseIndex(value) : Math.floor(value / unit)
  let [first, last] = [indexOf(low), indexOf(high)]
  let level = 0
  while (last - first + 1 > maximumSpan) {
    first = Math.floor(first / 2)
    last = Math.floor(last / 2)
    level++
  }
  return level
}

/** The bin of a level as SQL over a double that is neither NULL nor zero. */
export function binExpression(
  value: string,
  { scale, level }: { scale: NumberScale; level: number },
): string {
  const base =
    scale === 'logarithm'
      ? `floor(log2(abs(${value})) * ${binsPerDoubling} + 0.5)`
      : `floor(${value} / ${linearUnit(scale)})`
  return `CAST(${level === 0 ? base : `floor(${base} / ${2 ** level})`} AS BIGINT)`
}
