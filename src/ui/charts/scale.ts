export interface Scale {
  (value: number): number
  readonly domain: readonly [number, number]
}

/** Maps the domain onto pixels. A domain without extent maps to the middle. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [low, high] = domain
  const [from, to] = range
  const map = (value: number): number =>
    high === low ? (from + to) / 2 : from + ((value - low) / (high - low)) * (to - from)
  return Object.assign(map, { domain })
}

/** Round numbers (1, 2 or 5 times a power of ten) inside the domain, about as many as asked. */
export function niceTicks([low, high]: readonly [number, number], count: number): number[] {
  if (!(high > low)) return [low]
  const rough = (high - low) / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  const ticks: number[] = []
  // By whole multiples: adding the step over and over would drift away from round numbers.
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++) {
    ticks.push(Number((index * step).toPrecision(12)))
  }
  return ticks
}

/** The extent of all finite values, with some air above and below. */
export function paddedExtent(
  values: readonly (number | null | undefined)[],
  padding = 0.08,
): [number, number] {
  const known = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
  if (known.length === 0) return [0, 1]
  const low = Math.min(...known)
  const high = Math.max(...known)
  const air = high > low ? (high - low) * padding : Math.abs(high) * 0.1 || 0.5
  return [low - air, high + air]
}
