import type { NumberProfile } from '#lifecycle/data/index'

interface UnitChange {
  readonly scale: number
  readonly offset: number
  readonly example: string
}

const conversions: readonly UnitChange[] = [
  { scale: 1.609344, offset: 0, example: 'miles → kilometres' },
  { scale: 1 / 1.609344, offset: 0, example: 'kilometres → miles' },
  { scale: 1 / 0.45359237, offset: 0, example: 'kilograms → pounds' },
  { scale: 0.45359237, offset: 0, example: 'pounds → kilograms' },
  { scale: 1 / 0.3048, offset: 0, example: 'metres → feet' },
  { scale: 0.3048, offset: 0, example: 'feet → metres' },
  { scale: 2.54, offset: 0, example: 'inches → centimetres' },
  { scale: 1 / 2.54, offset: 0, example: 'centimetres → inches' },
  { scale: 1.8, offset: 32, example: 'degrees Celsius → Fahrenheit' },
  { scale: 1 / 1.8, offset: -32 / 1.8, example: 'degrees Fahrenheit → Celsius' },
  { scale: 1, offset: 273.15, example: 'degrees Celsius → kelvin' },
  { scale: 60, offset: 0, example: 'minutes → seconds' },
  { scale: 1 / 60, offset: 0, example: 'seconds → minutes' },
  { scale: 3600, offset: 0, example: 'hours → seconds' },
  { scale: 1 / 3600, offset: 0, example: 'seconds → hours' },
  { scale: 100, offset: 0, example: 'a share → per cent, or metres → centimetres' },
  { scale: 0.01, offset: 0, example: 'per cent → a share, or cents → a currency' },
  { scale: 1000, offset: 0, example: 'kilo → one, or seconds → milliseconds' },
  { scale: 0.001, offset: 0, example: 'one → kilo, or milliseconds → seconds' },
]

/** How far the converted reference may lie from the window: mean in standard deviations, spread as a ratio, shares. */
const tolerance = { mean: 0.1, spread: 1.12, share: 0.08 }

/**
 * Whether the window looks like the reference in another unit, as a hint for whoever reads the alert; it never decides
 * whether there is drift. Decided on three facts that a change of unit keeps: the mean converts, the standard deviation
 * scales, and at every edge the share of rows below it is that of the converted reference.
 */
export function describeUnitChange(reference: NumberProfile, window: NumberProfile): string | undefined {
  const candidates = conversions
    .map((change) => ({ change, distance: convertedDistance(reference, window, change) }))
    .filter(({ distance }) => distance !== undefined && distance <= tolerance.share)
    .sort((a, b) => (a.distance as number) - (b.distance as number))
  const best = candidates[0]
  if (best === undefined) return undefined
  const { scale, offset, example } = best.change
  const shift = offset === 0 ? '' : ` ${offset < 0 ? '−' : '+'} ${Number(Math.abs(offset).toPrecision(5))}`
  const formula = `× ${Number(scale.toPrecision(4))}${shift}`
  const apart = `within ${Math.max(0.1, Number(((best.distance as number) * 100).toFixed(1)))} percentage points`
  return `the reference ${formula} reproduces the window ${apart} at every edge: same shape as a change of unit (${example})`
}

/** Largest difference of the two distribution functions at the edges, if mean and spread convert at all. */
function convertedDistance(
  reference: NumberProfile,
  window: NumberProfile,
  change: UnitChange,
): number | undefined {
  const spread = deviation(reference) * change.scale
  const found = deviation(window)
  if (spread === 0 || found === 0) return undefined
  if (Math.max(found / spread, spread / found) > tolerance.spread) return undefined
  const mean = reference.mean * change.scale + change.offset
  if (Math.abs(window.mean - mean) > tolerance.mean * spread) return undefined
  const differences = reference.edges.map((edge, index) => {
    const before = (edge - change.offset) / change.scale
    return Math.abs(shareBelowEdge(window, index) - shareBelow(reference, before))
  })
  return Math.max(...differences)
}

function deviation(profile: NumberProfile): number {
  return profile.count === 0 ? 0 : Math.sqrt(profile.m2 / profile.count)
}

function shareBelowEdge(profile: NumberProfile, edge: number): number {
  const below = profile.counts.slice(0, edge + 1).reduce((sum, count) => sum + count, 0)
  return below / profile.count
}

/** Distribution function of a reference at any value, straight between its edges. */
function shareBelow(profile: NumberProfile, value: number): number {
  const { edges } = profile
  const next = edges.findIndex((edge) => value < edge)
  if (next === 0) return 0
  if (next < 0) return 1
  const low = edges[next - 1] as number
  const high = edges[next] as number
  const from = shareBelowEdge(profile, next - 1)
  return from + ((shareBelowEdge(profile, next) - from) * (value - low)) / (high - low)
}
