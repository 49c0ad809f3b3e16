import { stripVTControlCharacters } from 'node:util'
import type { Style } from './style.ts'

export interface TableColumn<Item> {
  readonly title: string
  value(item: Item): string
  readonly align?: 'left' | 'right'
  /** May be cut with an ellipsis when the terminal is narrow; others never are. */
  readonly shrink?: boolean
}

export interface TableStyle {
  readonly width: number
  style(text: string, style: Style): string
}

const gap = '  '
const narrowest = 8

/** Plain columns under bold titles, cut to the terminal's width. */
export function renderTable<Item>(
  items: readonly Item[],
  columns: readonly TableColumn<Item>[],
  { width, style }: TableStyle,
): string {
  const cells = items.map((item) => columns.map((column) => column.value(item).replaceAll(/\s*\n\s*/g, ' ')))
  const widths = columns.map((column, index) =>
    Math.max(visible(column.title), ...cells.map((row) => visible(row[index] ?? ''))),
  )
  shrink(widths, columns, width)
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => fit(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join(gap)
      .trimEnd()
  const header = style(line(columns.map(({ title }) => title)), 'bold')
  return [header, ...cells.map(line)].join('\n')
}

function shrink<Item>(widths: number[], columns: readonly TableColumn<Item>[], width: number): void {
  let excess = widths.reduce((sum, value) => sum + value + gap.length, -gap.length) - width
  while (excess > 0) {
    const widest = widths
      .map((value, index) => ({ value, index }))
      .filter(({ value, index }) => columns[index]?.shrink === true && value > narrowest)
      .sort((a, b) => b.value - a.value)[0]
    if (widest === undefined) return
    widths[widest.index] = widest.value - 1
    excess -= 1
  }
}

function fit(cell: string, width: number, align: 'left' | 'right'): string {
  const length = visible(cell)
  if (length > width) return `${cell.slice(0, Math.max(0, width - 1))}…`
  const padding = ' '.repeat(width - length)
  return align === 'right' ? padding + cell : cell + padding
}

function visible(text: string): number {
  return stripVTControlCharacters(text).length
}
