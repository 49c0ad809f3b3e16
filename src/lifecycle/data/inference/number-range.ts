import type { ProfiledColumn } from '../profiles/version-profile.ts'

export interface NumberRange {
  /** The margin, in distances between the 1 % and the 99 % quantile. */
  readonly widths: number
  readonly minimum: number
  readonly maximum: number
}

/** The least and the most that is left for what was not seen, in widths of the bulk. */
const [narrowest, widest] = [1, 10]

/**
 * Bounds that hold for other rows of the same kind: the 1 % and 99 % quantiles, and a margin on either side of so many times the
 * distance between them as the extremes suggest: three times as far as these lie out, and one width more; at most ten. A column
 * that ends where its bulk ends gets narrow bounds and one with a long tail wide ones; an outlier, which moves an extreme
 * anywhere, cannot move a bound beyond ten widths. Where nothing is below zero, zero is the lower bound. Undefined where there is
 * nothing to learn from.
 */
export function numberRange({ quantiles, values, type }: ProfiledColumn): NumberRange | undefined {
  if (values.kind !== 'number' || quantiles === null || values.min === null || values.max === null)
    return undefined
  const [low, high] = [quantiles[0] as number, quantiles.at(-1) as number]
  // In a column that is mostly one value the bulk has no width; what was seen at all is what there is.
  const width = high > low ? high - low : values.max - values.min
  if (width === 0) return undefined
  const overshoot = Math.max(values.max - high, low - values.min) / width
  const widths = Math.round(10 * Math.min(widest, narrowest + 3 * overshoot)) / 10
  const margin = widths * width
  const minimum = values.min >= 0 ? 0 : roundedOut(low - margin, -1, type)
  return { widths, minimum, maximum: values.max <= 0 ? 0 : roundedOut(high + margin, 1, type) }
}

/** To two digits, away from the values: a bound that looks exact claims more than is known. */
function roundedOut(value: number, direction: 1 | -1, type: ProfiledColumn['type']): number {
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - 1)
  const unit = type === 'integer' ? Math.max(1, step) : step
  const rounded = (direction > 0 ? Math.ceil(value / unit) : Math.floor(value / unit)) * unit
  return Number(rounded.toPrecision(12))
}
