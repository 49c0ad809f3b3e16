import type { Command, CommandContext } from '#platform/terminal/index'
import type { VersionName } from '../reference.ts'

const pageRows = 1000
const shownRows = 100

async function client({ client: open }: CommandContext) {
  const { arrivalsCalls } = await import('./arrivals-calls.ts')
  return open(arrivalsCalls)
}

export const arrivalsCommands: readonly Command[] = [
  {
    name: 'data quarantine',
    summary: 'Show rows that were kept out of versions, each with its reason; take them in again',
    description:
      'Of one version, or all rows that nobody has released. With --release they are judged again, by the rules of the\n' +
      'project as they are now: rows that pass become a new version, the others stay in quarantine.',
    arguments: [{ name: 'NAME', summary: 'the dataset, or NAME@VERSION', required: true }],
    options: {
      limit: { type: 'number', value: 'N', summary: `How many rows (${shownRows})` },
      all: { type: 'boolean', summary: 'All rows' },
      release: { type: 'boolean', summary: 'Judge them again' },
    },
    examples: [
      { line: 'devmlops data quarantine orders', what: 'Rows in quarantine, with file, row, value and rule' },
      { line: 'devmlops data quarantine orders@3 --all --json', what: 'All that version 3 kept out' },
      {
        line: 'devmlops data quarantine orders --release',
        what: 'After the rules or the reference data changed',
      },
    ],
    run: async (context) => {
      const { parseReference } = await import('../reference.ts')
      const reference = context.arguments.required('NAME')
      const { name, version } = parseReference(reference)
      const asked = reference.includes('@') ? { version } : {}
      if (context.options.flag('release')) return release(context, name, asked.version)
      return showQuarantine(context, { name, ...asked })
    },
  },
  {
    name: 'data send',
    summary: 'Send a file to the server, which takes it in like one that it found itself',
    description:
      'The server reads the file only when all of it has arrived. --server (or DEVMLOPS_SERVER) says which.',
    arguments: [
      { name: 'NAME', summary: 'the dataset, as in devmlops.yaml', required: true },
      { name: 'FILE', summary: 'a local file', required: true },
    ],
    options: {
      as: { type: 'string', value: 'NAME', summary: 'What the server shall call the file' },
    },
    examples: [
      { line: 'devmlops data send orders exports/2024-01.csv', what: 'To the server of the project' },
      { line: 'devmlops data send orders today.csv --as 2024-01-31.csv', what: 'Under another name' },
    ],
    run: sendFile,
  },
]

async function release(
  context: CommandContext,
  name: string,
  version: number | string | undefined,
): Promise<void> {
  const data = await client(context)
  const { fail } = await import('#contract/errors')
  if (version !== undefined && typeof version !== 'number') {
    return fail('invalid_input', `"${version}" is no number of a version.`, {
      hint: `For example ${name}@3.`,
    })
  }
  const result = await data.release({ name, ...(version === undefined ? {} : { version }) })
  await report(context, result)
}

async function report(
  context: CommandContext,
  result: Awaited<ReturnType<Awaited<ReturnType<typeof client>>['release']>>,
): Promise<void> {
  const { printArrivals } = await import('../render.ts')
  const { formatCount } = await import('#contract/units')
  const { terminal, json } = context
  if (!json) {
    printArrivals(terminal, result.arrivals)
    const { version, dataset, created } = result
    const kept =
      version !== null && version.quarantined > 0 ? `, ${formatCount(version.quarantined)} in quarantine` : ''
    terminal.print(
      version === null
        ? `${dataset}: no version yet`
        : `${dataset}@${version.version}: ${formatCount(version.rows)} rows${created ? `, added${kept}` : ', nothing new'}`,
    )
  }
  const rejection = result.arrivals.find(({ state }) => state === 'rejected')?.rejection
  if (rejection !== undefined) {
    const { fail } = await import('#contract/errors')
    fail(rejection.code, rejection.message, rejection.hint === undefined ? {} : { hint: rejection.hint })
  }
  if (json) terminal.json(result)
}

async function showQuarantine(
  context: CommandContext,
  asked: { readonly name: string; readonly version?: VersionName },
): Promise<void> {
  const data = await client(context)
  const { terminal, json, options } = context
  const limit = options.flag('all') ? Number.POSITIVE_INFINITY : (options.number('limit') ?? shownRows)
  const items: Awaited<ReturnType<typeof data.quarantine>>['items'] = []
  let rows = 0
  let after: string | undefined
  do {
    const page = await data.quarantine({
      ...asked,
      limit: Math.min(limit - items.length, pageRows),
      ...(after === undefined ? {} : { after }),
    })
    rows = page.rows
    items.push(...page.items)
    after = page.next
  } while (after !== undefined && items.length < limit)
  if (json) return terminal.json({ rows, items, ...(after === undefined ? {} : { next: after }) })
  if (rows === 0) return terminal.print(`No row of ${asked.name} is in quarantine.`)
  const lines = items.flatMap(({ version, file, row, reasons }) =>
    reasons.map(({ column, value, rule }) => ({ version, file, row, column, value, rule })),
  )
  terminal.table(lines, [
    { title: 'V', value: ({ version }) => String(version), align: 'right' },
    { title: 'FILE', value: ({ file }) => file, shrink: true },
    { title: 'ROW', value: ({ row }) => String(row), align: 'right' },
    { title: 'COLUMN', value: ({ column }) => column, shrink: true },
    { title: 'VALUE', value: ({ value }) => value ?? '', shrink: true },
    { title: 'RULE', value: ({ rule }) => rule, shrink: true },
  ])
  if (items.length < rows) terminal.print(`${items.length} of ${rows} rows; --all shows the others.`)
}

async function sendFile(context: CommandContext): Promise<void> {
  const { openAsBlob } = await import('node:fs')
  const { stat } = await import('node:fs/promises')
  const { basename, resolve } = await import('node:path')
  const { fail } = await import('#contract/errors')
  const path = resolve(context.directory, context.arguments.required('FILE'))
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) {
    fail('not_found', `There is no file ${context.arguments.required('FILE')}.`, {
      hint: 'Check the path.',
      at: path,
    })
  }
  const data = await client(context)
  const result = await data.upload(
    { name: context.arguments.required('NAME'), file: context.options.text('as') ?? basename(path) },
    { body: (await openAsBlob(path)).stream() as ReadableStream<Uint8Array> },
  )
  await report(context, result)
}
