import { formatCount, formatDay, formatNumber, formatShare } from '#ui/kit/format'
import { countsBetween } from '../diff/distribution-distance.ts'
import type { ProfiledColumn } from '../profiles/version-profile.ts'

/** A bar of two versions: shares of the values, so that versions of different size compare. */
export interface PairedBar {
  readonly name: string
  readonly before: number
  readonly after: number
}

const shownBars = 28
const shownLevels = 12

/**
 * The values of two columns in the same bars: equal widths from the lower 1 % to the upper 99 % quantile of both, or the
 * names that are frequent in either. Nothing where one of them has no values that may be shown.
 */
export function pairedBars(before: ProfiledColumn, after: ProfiledColumn): PairedBar[] {
  if (before.values.kind === 'number' && after.values.kind === 'number') return numberBars(before, after)
  if (before.values.kind === 'category' && after.values.kind === 'category') return levelBars(before, after)
  return []
}

function numberBars(before: ProfiledColumn, after: ProfiledColumn): PairedBar[] {
  const [left, right] = [before.values, after.values]
  if (left.kind !== 'number' || right.kind !== 'number') return []
  const ends = [before, after].flatMap(({ quantiles }) =>
    quantiles === null || quantiles.length === 0
      ? []
      : [[quantiles[0] as number, quantiles.at(-1) as number]],
  )
  if (ends.length === 0) return []
  const low = Math.min(...ends.map(([first]) => first as number))
  const high = Math.max(...ends.map(([, last]) => last as number))
  const isWhole = after.type === 'integer' || after.type === 'boolean'
  // Whole numbers in a small range have a bar each; bars between them would stay empty.
  const bars = high <= low ? 1 : isWhole && high - low < shownBars ? Math.round(high - low) + 1 : shownBars
  const [start, end] = isWhole && bars !== shownBars ? [low - 0.5, high + 0.5] : [low, high]
  const width = bars === 1 && high <= low ? 1 : (end - start) / bars
  const cuts = Array.from({ length: bars + 1 }, (_, index) => start + index * width)
  const counts = [left, right].map((values) =>
    values.count === 0 ? [] : inside(countsBetween(values, cuts)).map((count) => count / values.count),
  )
  return Array.from({ length: bars }, (_, index) => ({
    name:
      high <= low
        ? valueText(after, low)
        : isWhole && bars !== shownBars
          ? valueText(after, Math.round(low) + index)
          : `${valueText(after, cuts[index] as number)} to ${valueText(after, cuts[index + 1] as number)}`,
    before: counts[0]?.[index] ?? 0,
    after: counts[1]?.[index] ?? 0,
  }))
}

/** What lies beyond the outermost bars belongs to them: a tail must not look like nothing. */
function inside(counts: readonly number[]): number[] {
  const bars = counts.slice(1, -1)
  if (bars.length === 0) return bars
  bars[0] = (bars[0] as number) + (counts[0] as number)
  bars[bars.length - 1] = (bars.at(-1) as number) + (counts.at(-1) as number)
  return bars
}

function levelBars(before: ProfiledColumn, after: ProfiledColumn): PairedBar[] {
  const [left, right] = [sharesOf(before), sharesOf(after)]
  const names = [...new Set([...left.keys(), ...right.keys()])]
    .map((name) => ({ name, before: left.get(name) ?? 0, after: right.get(name) ?? 0 }))
    .sort((a, b) => b.before + b.after - a.before - a.after)
  const shown = names.slice(0, shownLevels)
  const rest = {
    name: 'all others',
    before: Math.max(0, total(left) === 0 ? 0 : 1 - shown.reduce((sum, bar) => sum + bar.before, 0)),
    after: Math.max(0, total(right) === 0 ? 0 : 1 - shown.reduce((sum, bar) => sum + bar.after, 0)),
  }
  return rest.before + rest.after > 0.0005 ? [...shown, rest] : shown
}

function sharesOf({ values }: ProfiledColumn): Map<string, number> {
  if (values.kind !== 'category' || values.count === 0) return new Map()
  return new Map(values.levels.map((level, index) => [level, (values.counts[index] ?? 0) / values.count]))
}

function total(shares: ReadonlyMap<string, number>): number {
  return [...shares.values()].reduce((sum, share) => sum + share, 0)
}

export function barTitle({ name, before, after }: PairedBar): string {
  return `${name}: ${formatShare(before)} before, ${formatShare(after)} after`
}

function valueText({ type }: Pick<ProfiledColumn, 'type'>, value: number): string {
  if (type === 'timestamp' || type === 'date') return formatDay(value, true)
  return type === 'integer' && Number.isInteger(value) ? formatCount(value) : formatNumber(value)
}
