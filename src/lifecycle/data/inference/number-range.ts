import type { ProfiledColumn } from '../profiles/version-profile.ts'

export interface NumberRange {
  readonly minimum: number
  readonly maximum: number
}

/** How far beyond the bulk a value may lie, in widths of the bulk. */
export const marginWidths = 10

/**
 * Bounds that hold for other rows of the same kind: the 1 % and 99 % quantiles, and ten times the distance between them on
 * either side. A scale that is wrong by a factor of a hundred is outside; the tail of the next month is not. Quantiles rather
 * than the extremes, because one outlier moves those anywhere. Where nothing is below zero, zero is the lower bound.
 * Undefined where there is nothing to learn from.
 */
export function numberRange({ quantiles, values, type }: ProfiledColumn): NumberRange | undefined {
  if (values.kind !== 'number' || quantiles === null || values.min === null || values.max === null)
    return undefined
  const [low, high] = [quantiles[0] as number, quantiles.at(-1) as number]
  // In a column that is mostly one value the bulk has no width; what was seen at all is what there is.
  const width = high > low ? high - low : values.max - values.min
  if (width === 0) return undefined
  const margin = marginWidths * width
  const minimum = values.min >= 0 ? 0 : roundedOut(low - margin, -1, type)
  return { minimum, maximum: values.max <= 0 ? 0 : roundedOut(high + margin, 1, type) }
}

/** To two digits, away from the values: a bound that looks exact claims more than is known. */
function roundedOut(value: number, direction: 1 | -1, type: ProfiledColumn['type']): number {
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - 1)
  const unit = type === 'integer' ? Math.max(1, step) : step
  const rounded = (direction > 0 ? Math.ceil(value / unit) : Math.floor(value / unit)) * unit
  return Number(rounded.toPrecision(12))
}
