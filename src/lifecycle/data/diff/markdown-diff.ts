import { formatBytes, formatCount } from '#contract/units'
import type { ColumnDiff, Diff } from './diff.ts'
import {
  cellText,
  figureText,
  growthText,
  matchedText,
  middleText,
  missingText,
  repeatedText,
  schemaLines,
  sideText,
} from './diff-text.ts'
import type { RowDiff, ShownRowChange } from './row-changes.ts'

/** A comment on a pull request takes 65,536 characters on GitHub. */
const largestComment = 60_000
const shownCellLength = 60
/** Lewis (1994): below 0.1 the same population, above 0.25 another one. */
const movedIndex = 0.1
const otherIndex = 0.25

/** A diff for a pull request: what matters in the first lines, the rest folded, and never too long to be posted. */
export function diffMarkdown(diff: Diff, changes: readonly ShownRowChange[]): string {
  const { from, to, rows, files } = diff
  const head = [`### ${code(sideText(from))} → ${code(sideText(to))}`, '', ...summaryLines(diff), '']
  const sections = files === null ? tableSections(diff, changes, rows) : [fileSection(diff)]
  let text = head.join('\n')
  for (const section of sections) {
    if (section === '') continue
    if (text.length + section.length <= largestComment) text += `\n${section}`
    else return `${text}\n_Cut off: a comment is limited to ${formatCount(largestComment)} characters._\n`
  }
  return text
}

function summaryLines(diff: Diff): string[] {
  const { from, to, rows, files, columns, parts } = diff
  if (files !== null) {
    return [
      `- **Files** ${growthText(from.files, to.files)}: ${formatCount(files.added)} added, ${formatCount(files.removed)} removed, ` +
        `${formatCount(files.modified)} modified, ${formatCount(files.renamed)} renamed`,
      `- **Size** ${formatBytes(from.sizeBytes)} → ${formatBytes(to.sizeBytes)}`,
    ]
  }
  const schema = schemaLines(diff)
  const moved = columns.filter(({ psi }) => psi !== null && psi >= movedIndex)
  const names = moved.slice(0, 5).map(({ column }) => code(column))
  const more = moved.length > 5 ? ` and ${moved.length - 5} more` : ''
  const distributions =
    columns.length === 0
      ? []
      : [`- **Distributions** ${moved.length === 0 ? 'stable' : `moved: ${names.join(', ')}${more}`}`]
  const changed =
    rows === null
      ? ''
      : `: ${formatCount(rows.added)} added, ${formatCount(rows.removed)} removed, ${formatCount(rows.changed)} changed`
  return [
    `- **Rows** ${growthText(from.rows, to.rows)}${changed}`,
    `- **Columns** ${schema.length === 0 ? 'the same' : `${schema.length} change${schema.length === 1 ? '' : 's'}`}`,
    ...distributions,
    `- **Files** ${parts.added.length} added, ${parts.removed.length} removed`,
  ]
}

function tableSections(diff: Diff, changes: readonly ShownRowChange[], rows: RowDiff | null): string[] {
  const schema = schemaLines(diff)
  return [
    schema.length === 0 ? '' : fold('Columns', ['```diff', ...schema.map(asDiffLine), '```'].join('\n')),
    diff.columns.length === 0 ? '' : fold('Distributions, the most different first', distributionTable(diff)),
    rows === null ? '' : fold('Rows', rowSection(rows)),
    rows === null || changes.length === 0
      ? ''
      : fold(`The first ${formatCount(changes.length)} of the rows that differ`, changesTable(changes, rows)),
  ]
}

function asDiffLine(line: string): string {
  return line.replace(/^~/, '!')
}

function rowSection(rows: RowDiff): string {
  const repeated = repeatedText(rows)
  const cells =
    rows.cells.length === 0
      ? ''
      : `\n\n${table(
          ['Column', 'Changed cells'],
          rows.cells.map(({ column, changed }) => [code(column), formatCount(changed)]),
        )}`
  return `Rows are ${matchedText(rows)}.${repeated === undefined ? '' : `\n\n> ${escape(repeated)}`}${cells}`
}

function distributionTable({ columns }: Diff): string {
  return table(
    ['Column', '', 'PSI', 'Jensen-Shannon', 'Missing', 'Middle'],
    columns.map((column) => [
      code(column.column),
      verdict(column),
      figureText(column.psi, column.exact),
      figureText(column.jensenShannon, column.exact),
      missingText(column),
      escape(cut(middleText(column))),
    ]),
  )
}

function verdict({ psi }: ColumnDiff): string {
  if (psi === null) return ''
  return psi >= otherIndex ? '**changed**' : psi >= movedIndex ? 'moved' : 'stable'
}

function changesTable(changes: readonly ShownRowChange[], { key }: RowDiff): string {
  return table(
    ['', ...key.map(code), 'Cells'],
    changes.map(({ kind, before, after, changed, times }) => {
      const row = after ?? before ?? {}
      const names = kind === 'changed' ? changed : Object.keys(row).filter((name) => !key.includes(name))
      const cells = names.map((name) =>
        kind === 'changed'
          ? `${code(name)} ${shown(before?.[name])} → ${shown(after?.[name])}`
          : `${code(name)} ${shown(row[name])}`,
      )
      return [
        `${kind}${times > 1 ? ` ×${times}` : ''}`,
        ...key.map((name) => shown(row[name])),
        cells.join(', '),
      ]
    }),
  )
}

function fileSection({ files }: Diff): string {
  if (files === null || files.items.length === 0) return ''
  const all = files.added + files.removed + files.modified + files.renamed
  const rows = files.items.map(({ kind, path, from }) => [
    kind,
    from === undefined ? code(path) : `${code(from)} → ${code(path)}`,
  ])
  const more = all > rows.length ? `\n\nAnd ${formatCount(all - rows.length)} more.` : ''
  return fold('Files', `${table(['', 'File'], rows)}${more}`)
}

function fold(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>\n`
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')
}

function shown(cell: Parameters<typeof cellText>[0]): string {
  return escape(cut(cellText(cell)))
}

function cut(text: string): string {
  return text.length > shownCellLength ? `${text.slice(0, shownCellLength - 1)}…` : text
}

/** Values and names come from data: none of them may end a cell, open a tag, or call somebody by name. */
function escape(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_{}[\]()#!|~]/g, '\\$&')
    .replaceAll('@', '&#64;')
}

/** Backticks of its own would end it. */
function code(text: string): string {
  return `\`${text
    .replaceAll('`', '’')
    .replaceAll('|', '\\|')
    .replaceAll(/[\r\n]+/g, ' ')}\``
}
