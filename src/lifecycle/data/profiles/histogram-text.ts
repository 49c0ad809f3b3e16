import type { NumberProfile } from './column-profile.ts'
import { countsBetween } from '../diff/distribution-distance.ts'
import type { ColumnType } from '../rows/column-type.ts'
import type { ProfiledColumn } from './version-profile.ts'

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
const barCells = 16

/** The values between the 1st and the 99th percentile of all the columns given, so that outliers do not hide the rest. */
export function sharedRange(columns: readonly ProfiledColumn[]): { low: number; high: number } | undefined {
  const quantiles = columns.flatMap((column) => (column.quantiles === null ? [] : [column.quantiles]))
  if (quantiles.length === 0) return undefined
  const low = Math.min(...quantiles.map((values) => values[0] as number))
  const high = Math.max(...quantiles.map((values) => values.at(-1) as number))
  return low < high ? { low, high } : undefined
}

/** A line of bars of equal width: `▁▃█▅▂▁`. Height is the share of the rows. */
export function sparkline(profile: NumberProfile, { low, high }: { low: number; high: number }): string {
  const width = (high - low) / barCells
  const cuts = Array.from({ length: barCells + 1 }, (_, index) => low + index * width)
  const counts = countsBetween(profile, cuts).slice(1, -1)
  const tallest = Math.max(...counts)
  return counts.map((count) => (tallest === 0 ? ' ' : barOf(count / tallest))).join('')
}

function barOf(share: number): string {
  if (share <= 0) return ' '
  return blocks[Math.min(blocks.length - 1, Math.floor(share * blocks.length))] as string
}

/** A number of a column as a person reads it; dates and times are numbers in a profile. */
export function valueText(value: number, type: ColumnType): string {
  if (type === 'date') return new Date(value).toISOString().slice(0, 10)
  if (type === 'timestamp') return new Date(value).toISOString().slice(0, 16).replace('T', ' ')
  if (Number.isInteger(value)) return value.toLocaleString('en-US')
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 6 })
}
