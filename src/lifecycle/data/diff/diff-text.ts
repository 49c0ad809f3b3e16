import { formatCount } from '#contract/units'
import type { PlainCell } from '../personal/mask-cell.ts'
import { formatShare } from '../personal/share-text.ts'
import { valueText } from '../profiles/histogram-text.ts'
import type { ColumnDiff, Diff } from './diff.ts'
import type { RowDiff, ShownRowChange } from './row-changes.ts'

/** What both the terminal and Markdown say of a diff, in words. */

export function sideText({ dataset, version }: Diff['from']): string {
  return `${dataset}@${version}`
}

export function growthText(from: number, to: number): string {
  const growth = to - from
  const change = growth === 0 ? 'the same number' : `${growth > 0 ? '+' : ''}${formatCount(growth)}`
  return `${formatCount(from)} → ${formatCount(to)} (${change})`
}

/** One line for each change of the columns. */
export function schemaLines({ schema }: Diff): string[] {
  return [
    ...schema.added.map(({ column, type }) => `+ ${column} (${type})`),
    ...schema.removed.map(({ column, type }) => `- ${column} (${type})`),
    ...schema.changed.map(({ column, from, to }) => `~ ${column}: ${from} → ${to}`),
    ...schema.missing.map(({ column, from, to }) =>
      from === 0
        ? `~ ${column}: was never missing, now in ${formatCount(to)} rows`
        : `~ ${column}: was missing in ${formatCount(from)} rows, now never`,
    ),
    ...(schema.reordered.length === 0 ? [] : [`~ new order: ${schema.reordered.join(', ')}`]),
  ]
}

export function matchedText({ key, notRead }: RowDiff): string {
  const by = key.length === 0 ? 'compared as whole rows, without a key' : `matched by ${key.join(', ')}`
  return notRead === 0 ? by : `${by}; ${formatCount(notRead)} are in files that both share`
}

export function repeatedText({ key, repeatedKeyRows: { from, to } }: RowDiff): string | undefined {
  if (from + to === 0) return undefined
  return (
    `${key.join(', ')} is no key: ${formatCount(from)} rows before and ${formatCount(to)} after have a value of it that occurs ` +
    'more than once. These are compared as whole rows.'
  )
}

const marks = { added: '+', removed: '-', changed: '~' } as const

/** `~ id 17: price 3.5 → 4.5`; an added or removed row with all its cells. */
export function rowLine(change: ShownRowChange, { key }: RowDiff): string {
  const { kind, before, after, changed, times } = change
  const row = after ?? before ?? {}
  const named = key.filter((name) => name in row).map((name) => `${name} ${cellText(row[name])}`)
  const cells =
    kind === 'changed'
      ? changed.map((name) => `${name} ${cellText(before?.[name])} → ${cellText(after?.[name])}`)
      : Object.keys(row)
          .filter((name) => !key.includes(name))
          .map((name) => `${name} ${cellText(row[name])}`)
  const head = named.length === 0 ? '' : `${named.join(', ')}: `
  return `${marks[kind]} ${head}${cells.join(', ')}${times > 1 ? ` (${times} times)` : ''}`
}

export function cellText(cell: PlainCell | undefined): string {
  if (cell === null || cell === undefined) return 'missing'
  const text = String(cell)
  return text === '' || /^\s|\s$|[\n\r]/.test(text) ? JSON.stringify(text) : text
}

export function figureText(value: number | null, exact: boolean): string {
  return value === null ? '-' : `${exact ? '' : '≈'}${value.toFixed(3)}`
}

export function missingText({ missing }: ColumnDiff): string {
  return movedText(formatShare(missing.from), formatShare(missing.to))
}

/** The median of numbers and times, the most frequent value of others. */
export function middleText({ from, to, type }: ColumnDiff): string {
  if (from.quantiles !== null && to.quantiles !== null) {
    return movedText(valueText(from.quantiles[3] as number, type), valueText(to.quantiles[3] as number, type))
  }
  return movedText(from.frequent[0]?.level ?? '', to.frequent[0]?.level ?? '')
}

export function movedText(from: string, to: string): string {
  return from === to ? from : `${from} → ${to}`
}
