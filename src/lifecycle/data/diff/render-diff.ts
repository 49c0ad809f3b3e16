import { formatBytes, formatCount } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import { sharedRange, sparkline } from '../profiles/histogram-text.ts'
import type { ColumnDiff, Diff } from './diff.ts'
import {
  figureText,
  growthText,
  matchedText,
  middleText,
  missingText,
  repeatedText,
  rowLine,
  schemaLines,
  sideText,
} from './diff-text.ts'
import type { RowDiff, ShownRowChange } from './row-changes.ts'

/** Narrower than this, the histograms leave no room for the other columns. */
const widthForSpread = 110
const shownCells = 8

export function printDiff(terminal: Terminal, diff: Diff, changes: readonly ShownRowChange[]): void {
  const { from, to, parts, rows, files, columns } = diff
  terminal.print(terminal.style(`${sideText(from)} → ${sideText(to)}`, 'bold'))
  if (files !== null) return printFiles(terminal, diff)
  terminal.print(`rows     ${growthText(from.rows, to.rows)}`)
  terminal.print(`files    +${parts.added.length} -${parts.removed.length}`)
  const schema = schemaLines(diff)
  terminal.print(`columns  ${schema.length === 0 ? 'the same' : ''}`.trimEnd())
  for (const line of schema) terminal.print(`  ${line}`)
  if (rows !== null) printRows(terminal, rows, changes)
  if (columns.length === 0) return
  terminal.print('')
  terminal.table(columns, [
    { title: 'COLUMN', value: ({ column }) => column, shrink: true },
    { title: 'PSI', value: ({ psi, exact }) => figureText(psi, exact), align: 'right' },
    {
      title: 'JS DIST.',
      value: ({ jensenShannon, exact }) => figureText(jensenShannon, exact),
      align: 'right',
    },
    { title: 'MISSING', value: missingText, shrink: true },
    { title: 'MIDDLE', value: middleText, shrink: true },
    ...(terminal.width < widthForSpread ? [] : [{ title: 'SPREAD', value: movedSpread }]),
  ])
}

function printRows(terminal: Terminal, rows: RowDiff, changes: readonly ShownRowChange[]): void {
  const { added, removed, changed, unchanged, cells } = rows
  const counts = [
    `${formatCount(added)} added`,
    `${formatCount(removed)} removed`,
    ...(rows.key.length === 0 ? [] : [`${formatCount(changed)} changed`]),
    `${formatCount(unchanged)} the same`,
  ]
  terminal.print(`changes  ${counts.join(', ')}`)
  terminal.print(terminal.style(`         ${matchedText(rows)}`, 'dim'))
  const repeated = repeatedText(rows)
  if (repeated !== undefined) terminal.print(`${terminal.style('!', 'yellow')} ${repeated}`)
  if (cells.length > 0) {
    const told = cells.slice(0, shownCells).map((cell) => `${cell.column} ${formatCount(cell.changed)}`)
    const more = cells.length > shownCells ? ` and ${cells.length - shownCells} more columns` : ''
    terminal.print(`cells    ${told.join(', ')}${more}`)
  }
  if (changes.length > 0) terminal.print('')
  for (const change of changes) {
    const line = `  ${rowLine(change, rows)}`
    const cut = line.length > terminal.width ? `${line.slice(0, terminal.width - 1)}…` : line
    const tones = { added: 'green', removed: 'red', changed: 'yellow' } as const
    terminal.print(terminal.style(cut, tones[change.kind]))
  }
}

function printFiles(terminal: Terminal, { from, to, files }: Diff): void {
  if (files === null) return
  const { added, removed, modified, renamed, sizeBytes, items } = files
  const counts = { added, removed, modified, renamed }
  const told = Object.entries(counts).map(([kind, count]) => `${formatCount(count)} ${kind}`)
  terminal.print(`files    ${growthText(from.files, to.files)}: ${told.join(', ')}`)
  terminal.print(
    `size     ${formatBytes(from.sizeBytes)} → ${formatBytes(to.sizeBytes)} (+${formatBytes(sizeBytes.added)}, -${formatBytes(sizeBytes.removed)})`,
  )
  const marks = { added: '+', removed: '-', modified: '~', renamed: '»' } as const
  for (const { kind, path, from: before } of items) {
    terminal.print(`  ${marks[kind]} ${before === undefined ? '' : `${before} → `}${path}`)
  }
  const all = added + removed + modified + renamed
  if (all > items.length)
    terminal.print(terminal.style(`  and ${formatCount(all - items.length)} more`, 'dim'))
}

function movedSpread({ from, to }: ColumnDiff): string {
  const range = sharedRange([from, to])
  if (range === undefined || from.values.kind !== 'number' || to.values.kind !== 'number') return ''
  return `${sparkline(from.values, range)} → ${sparkline(to.values, range)}`
}
