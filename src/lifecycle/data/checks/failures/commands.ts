import type { Command, CommandContext } from '#platform/terminal/index'
import type { FailuresPage } from './failing-row.ts'

const pageRows = 10_000
const shownRows = 100

export const failuresCommands: readonly Command[] = [
  {
    name: 'data failures',
    summary: 'Show every row that does not meet a check, by key, file and row',
    description:
      'Of the newest version (or --version), by the checks of the project as it is now; with --rejected, of the files\n' +
      'that were refused last, as their rows were kept then.',
    arguments: [
      { name: 'NAME', summary: 'the dataset, or NAME@VERSION', required: true },
      { name: 'CHECK', summary: 'words of a check: its kind, a column, or of its sentence', many: true },
    ],
    options: {
      version: { type: 'string', value: 'V', summary: 'A version: a number, latest, or a tag' },
      rejected: { type: 'boolean', summary: 'Of the files that were rejected last' },
      rejection: { type: 'string', value: 'ID', summary: 'Of this rejection' },
      limit: { type: 'number', value: 'N', summary: `How many rows (${shownRows})` },
      all: { type: 'boolean', summary: 'All rows' },
      format: { type: 'string', values: ['table', 'csv'], summary: 'How they are written' },
    },
    examples: [
      { line: 'devmlops data failures flights', what: 'Rows of the newest version' },
      { line: 'devmlops data failures flights between delay', what: 'Of the check of a range of delay' },
      { line: 'devmlops data failures flights --rejected', what: 'Why the last file was refused' },
      { line: 'devmlops data failures flights --all --format csv', what: 'All of them, for a file' },
    ],
    run: showFailures,
  },
]

async function showFailures(context: CommandContext): Promise<void> {
  const { terminal, json, options } = context
  const limit = options.flag('all') ? Number.POSITIVE_INFINITY : (options.number('limit') ?? shownRows)
  const read = await reader(context)
  const isCsv = options.text('format') === 'csv'
  const print = await printer(context, isCsv)
  const items: FailuresPage['items'] = []
  let cut: FailuresPage['cut'] = []
  let after: string | undefined
  let shown = 0
  for (let first = true; first || (after !== undefined && shown < limit); first = false) {
    const page = await read({ after, limit: Math.min(limit - shown, pageRows) })
    shown += page.items.length
    after = page.next
    cut = page.cut
    if (json) items.push(...page.items)
    else print(page, first)
  }
  if (json) return terminal.json({ items, ...(after === undefined ? {} : { next: after }), cut })
  for (const { expected, rows, kept } of cut) {
    terminal.note(`of ${rows} rows only the first ${kept} were kept: ${expected}`)
  }
  if (after !== undefined) terminal.note('There are more: --all or --limit shows them.')
}

type Read = (page: { after: string | undefined; limit: number }) => Promise<FailuresPage>

async function reader(context: CommandContext): Promise<Read> {
  const { options } = context
  const { parseReference } = await import('../../reference.ts')
  const { failuresCalls } = await import('./failures-calls.ts')
  const { name, version } = parseReference(context.arguments.required('NAME'))
  const calls = await context.client(failuresCalls)
  const words = context.arguments.many('CHECK').join(' ')
  const check = words === '' ? {} : { check: words }
  const place = (after: string | undefined) => (after === undefined ? {} : { after })
  const id = options.text('rejection') ?? (options.flag('rejected') ? 'latest' : undefined)
  if (id !== undefined) {
    return ({ after, limit }) => calls.rejectionFailures({ name, id, ...check, limit, ...place(after) })
  }
  const named = options.text('version') ?? version
  return ({ after, limit }) =>
    calls.versionFailures({ name, version: named, ...check, limit, ...place(after) })
}

async function printer(
  { terminal }: CommandContext,
  isCsv: boolean,
): Promise<(page: FailuresPage, first: boolean) => void> {
  const { csvLines, tablesOf } = await import('./failures-text.ts')
  if (isCsv) return (page, first) => csvLines(page, first).forEach((line) => terminal.print(line))
  return (page, first) => {
    if (first && page.items.length === 0) return terminal.print('No row fails.')
    for (const [index, { expected, columns, items }] of tablesOf(page).entries()) {
      if (!first || index > 0) terminal.print('')
      terminal.print(terminal.style(expected, 'bold'))
      terminal.table(items, [
        { title: 'ROW', value: ({ row }) => (row === undefined ? '' : String(row)), align: 'right' },
        { title: 'FILE', value: ({ file = '' }) => file, shrink: true },
        ...columns.map((column) => ({
          title: column,
          value: ({ values }: FailuresPage['items'][number]) => String(values[column] ?? ''),
          shrink: true,
        })),
      ])
    }
  }
}
