import type { Interval } from './contract.ts'

/** The 97.5 % quantile of the standard normal distribution. */
const z95 = 1.959963984540054

export interface Bounds {
  readonly low: number
  readonly high: number
}

export const unitRange: Bounds = { low: 0, high: 1 }

export function intervalOf(bounds: Bounds, method: string): Interval {
  return { low: bounds.low, high: bounds.high, level: 0.95, method }
}

/** Value ± z standard errors, kept inside the range that the metric can take. */
export function normalBounds(value: number, standardError: number, range?: Bounds): Bounds {
  const low = value - z95 * standardError
  const high = value + z95 * standardError
  if (range === undefined) return { low, high }
  return { low: Math.max(range.low, low), high: Math.min(range.high, high) }
}

/**
 * The normal interval on the logit scale, for values strictly between 0 and 1; it stays inside (0, 1) and
 * leans away from the near end. Boyd, Eng and Page, "Area under the precision-recall curve", ECML 2013.
 */
export function logitBounds(value: number, standardError: number): Bounds {
  const logit = Math.log(value / (1 - value))
  const spread = (z95 * standardError) / (value * (1 - value))
  return { low: logistic(logit - spread), high: logistic(logit + spread) }
}

/** Wilson's score interval of a proportion (JASA 22, 1927); `n` may be an effective, fractional count. */
export function wilsonBounds(proportion: number, n: number): Bounds {
  const z2 = z95 * z95
  const centre = proportion + z2 / (2 * n)
  const spread = z95 * Math.sqrt((proportion * (1 - proportion)) / n + z2 / (4 * n * n))
  // The ends are exact where the formula only almost cancels.
  return {
    low: proportion === 0 ? 0 : Math.max(0, (centre - spread) / (1 + z2 / n)),
    high: proportion === 1 ? 1 : Math.min(1, (centre + spread) / (1 + z2 / n)),
  }
}

/**
 * Interval of an area under the ROC curve where DeLong's variance is zero or unknown (perfect separation, a
 * single row of a class): Newcombe's method 5, Statistics in Medicine 25 (2006) 559-573.
 */
export function newcombeAreaBounds(area: number, nPositive: number, nNegative: number): Bounds {
  const mean = (nPositive + nNegative) / 2 - 1
  const excess = (theta: number): number => {
    const spread = 1 + (mean * (1 - theta)) / (2 - theta) + (mean * theta) / (1 + theta)
    const variance = (theta * (1 - theta) * spread) / (nPositive * nNegative)
    return Math.abs(theta - area) - z95 * Math.sqrt(variance)
  }
  return { low: area === 0 ? 0 : bisect(excess, 0, area), high: area === 1 ? 1 : bisect(excess, 1, area) }
}

/**
 * Interval of the difference of two independent estimates from their own intervals (Newcombe's method 10 for
 * proportions, Statistics in Medicine 17 (1998) 873-890; for any estimate: Zou and Donner, Statistics in
 * Medicine 27 (2008) 1693-1702).
 */
export function differenceBounds(
  first: Bounds & { readonly value: number },
  second: Bounds & { readonly value: number },
): Bounds {
  const difference = first.value - second.value
  return {
    low: difference - Math.hypot(first.value - first.low, second.high - second.value),
    high: difference + Math.hypot(first.high - first.value, second.value - second.low),
  }
}

/** The root between `outside`, where the function is positive, and `inside`, where it is not. */
function bisect(excess: (theta: number) => number, outside: number, inside: number): number {
  let positive = outside
  let negative = inside
  for (let step = 0; step < 60; step += 1) {
    const middle = (positive + negative) / 2
    if (excess(middle) > 0) positive = middle
    else negative = middle
  }
  return (positive + negative) / 2
}

function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
