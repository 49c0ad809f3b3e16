import { Histogram, type HistogramCell } from '#ui/charts/histogram'
import { formatCount, formatDay, formatNumber, formatShare } from '#ui/kit/format'
import type { ProfiledColumn } from '../profiles/version-profile.ts'

const shownLevels = 24
const shownBars = 32

/** How the values of a column are spread: over the range of numbers, or over the most frequent names. */
export function ColumnHistogram({ column, width = 132 }: { column: ProfiledColumn; width?: number }) {
  const cells = column.values.kind === 'number' ? numberCells(column) : categoryCells(column)
  if (cells.length === 0) return '–'
  return <Histogram label={`Distribution of ${column.name}`} cells={cells} width={width} />
}

/**
 * The profile's cells hold about equal counts, so their widths tell the shape. Redrawn as bars of equal width between the
 * 1 % and 99 % quantiles: tails would otherwise squeeze the body into a corner.
 */
function numberCells(column: ProfiledColumn): HistogramCell[] {
  if (column.values.kind !== 'number') return []
  const { edges, counts } = column.values
  const low = column.quantiles?.[0] ?? edges[0]
  const high = column.quantiles?.at(-1) ?? edges.at(-1)
  if (low === undefined || high === undefined) return []
  if (high <= low) return [{ from: 0, to: 1, height: 1, title: formatValue(column, low) }]
  // Whole numbers in a small range have a bar each; bars between them would stay empty.
  const isWhole = column.type === 'integer' || column.type === 'boolean'
  const bars = isWhole && high - low < shownBars ? Math.round(high - low) + 1 : shownBars
  const [start, end] =
    bars === shownBars && !(isWhole && high - low < shownBars) ? [low, high] : [low - 0.5, high + 0.5]
  const step = (end - start) / bars
  const heights = Array.from<number>({ length: bars }).fill(0)
  for (let index = 0; index + 1 < edges.length; index++) {
    const [from, to] = [edges[index] ?? 0, edges[index + 1] ?? 0]
    const count = counts[index + 1] ?? 0
    spread(heights, { from: (from - start) / step, to: (to - start) / step, count })
  }
  return heights.map((height, index) => ({
    from: index / bars,
    to: (index + 1) / bars,
    height,
    title: `${formatValue(column, start + index * step)} to ${formatValue(column, start + (index + 1) * step)}: about ${formatCount(Math.round(height))}`,
  }))
}

/** Shares a cell's count among the bars that it covers. */
function spread(heights: number[], { from, to, count }: { from: number; to: number; count: number }): void {
  if (to <= from) {
    const bar = Math.floor(from)
    if (bar >= 0 && bar < heights.length) heights[bar] = (heights[bar] ?? 0) + count
    return
  }
  for (let bar = Math.max(0, Math.floor(from)); bar < Math.min(heights.length, Math.ceil(to)); bar++) {
    const covered = Math.min(to, bar + 1) - Math.max(from, bar)
    heights[bar] = (heights[bar] ?? 0) + (count * Math.max(0, covered)) / (to - from)
  }
}

function categoryCells({ values }: ProfiledColumn): HistogramCell[] {
  if (values.kind !== 'category' || values.count === 0) return []
  const shown = values.levels.slice(0, shownLevels)
  const rest = values.count - shown.reduce((sum, _, index) => sum + (values.counts[index] ?? 0), 0)
  const bars = shown.length + (rest > 0 ? 1 : 0)
  const cell = (name: string, count: number, index: number): HistogramCell => ({
    from: index / bars,
    to: (index + 1) / bars,
    height: count,
    title: `${name}: ${formatCount(count)} (${formatShare(count / values.count)})`,
  })
  const cells = shown.map((level, index) => cell(level, values.counts[index] ?? 0, index))
  // The rest is many values in one bar: drawn as tall as the last of the shown, so that it does not dwarf them.
  const last = cells.at(-1)?.height ?? rest
  return rest > 0
    ? [...cells, { ...cell('all others', rest, shown.length), height: Math.min(rest, last), quiet: true }]
    : cells
}

/** A value of a column as people write it: times are epoch milliseconds in profiles. */
export function formatValue({ type }: Pick<ProfiledColumn, 'type'>, value: number): string {
  return type === 'timestamp' || type === 'date' ? formatDay(value, true) : formatNumber(value)
}
