import type { Command, CommandContext } from '#platform/terminal/index'

async function client({ client: open }: CommandContext) {
  const { diffCalls } = await import('./diff-calls.ts')
  return open(diffCalls)
}

/** Rows that a comment on a pull request shows when nobody says how many. */
const rowsInMarkdown = 20

export const diffCommands: readonly Command[] = [
  {
    name: 'data diff',
    summary: 'Compare two versions: columns, rows and distributions, or files',
    description:
      'NAME A B are two versions of a dataset; NAME@A OTHER@B two of any datasets. Rows are matched by the key of the\n' +
      'dataset or --key, and as whole rows without one. Empty equals empty, NaN equals NaN, and NaN is not empty.\n' +
      'Values of columns with a class are masked.',
    arguments: [
      { name: 'NAME', summary: 'the dataset, or NAME@VERSION', required: true },
      { name: 'A', summary: 'a version, such as 3, or the other NAME@VERSION', required: true },
      { name: 'B', summary: 'another one, or latest' },
    ],
    options: {
      rows: { type: 'number', value: 'N', summary: 'Show the first N rows that differ (at most 1000)' },
      key: { type: 'string', value: 'COLUMNS', summary: 'Match rows by these columns, with commas between' },
      layer: {
        type: 'string',
        values: ['schema', 'rows', 'distributions'],
        summary: 'Only this one; rows have to be read, the others are known',
      },
      markdown: { type: 'boolean', summary: 'For a comment on a pull request' },
    },
    examples: [
      { line: 'devmlops data diff flights 2 latest', what: 'What has changed since version 2' },
      { line: 'devmlops data diff flights 2 3 --layer rows --rows 20', what: 'The rows that differ' },
      { line: 'devmlops data diff flights@3 trips@1 --key id', what: 'Two datasets' },
      { line: 'devmlops data diff flights 2 3 --markdown > comment.md', what: 'For a pull request' },
    ],
    run: showDiff,
  },
]

async function showDiff(context: CommandContext): Promise<void> {
  const { options, terminal, json } = context
  const request = await requestOf(context)
  const calls = await client(context)
  const layer = options.text('layer') as 'schema' | 'rows' | 'distributions' | undefined
  const diff = await calls.diff({ ...request, ...(layer === undefined ? {} : { layer }) })
  const isMarkdown = options.flag('markdown')
  const limit = options.number('rows') ?? (isMarkdown ? rowsInMarkdown : 0)
  const { rows } = diff
  const differ = rows === null ? 0 : rows.added + rows.removed + rows.changed
  const items = limit > 0 && differ > 0 ? (await calls.diffRows({ ...request, limit })).items : []
  if (json) return terminal.json(limit > 0 ? { ...diff, changes: items } : diff)
  if (isMarkdown) {
    const { diffMarkdown } = await import('./markdown-diff.ts')
    return terminal.print(diffMarkdown(diff, items))
  }
  const { printDiff } = await import('./render-diff.ts')
  printDiff(terminal, diff, items)
}

interface Request {
  readonly name: string
  readonly from: string | number
  readonly to: string | number
  readonly with?: string
  readonly key?: string
}

async function requestOf({ arguments: given, options }: CommandContext): Promise<Request> {
  const { parseReference } = await import('../reference.ts')
  const key = options.text('key')
  const more = key === undefined ? {} : { key }
  const [name, a, b] = [given.required('NAME'), given.required('A'), given.optional('B')]
  if (b !== undefined) return { name, from: versionOf(a), to: versionOf(b), ...more }
  const [left, right] = [parseReference(name), parseReference(a)]
  const other = left.name === right.name ? {} : { with: right.name }
  return { name: left.name, from: left.version, to: right.version, ...other, ...more }
}

function versionOf(text: string): string | number {
  const version = text.replace(/^@/, '')
  return /^\d+$/.test(version) ? Number(version) : version
}
