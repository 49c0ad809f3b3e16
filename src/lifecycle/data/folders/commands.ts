import type { Command, CommandContext } from '#platform/terminal/index'

const reference = {
  name: 'NAME',
  summary: 'the dataset, or NAME@VERSION or NAME@TAG',
  required: true,
} as const

async function client({ client: open }: CommandContext) {
  const { workspaceCalls } = await import('./workspace-calls.ts')
  return open(workspaceCalls)
}

export const workspaceCommands: readonly Command[] = [
  {
    name: 'data status',
    summary: 'Show which working files differ from their version',
    description:
      'A folder is compared with the version that its pointer file names, else the one that was added or checked out\n' +
      'here last. Of a table, files of its source that are not added yet are shown.\n' +
      'Only files whose size or times have changed are read.',
    arguments: [{ name: 'NAME', summary: 'the dataset; all of them when left out' }],
    options: {
      'exit-code': { type: 'boolean', summary: 'End with exit code 5 when anything differs' },
    },
    examples: [
      { line: 'devmlops data status', what: 'All datasets of the project' },
      { line: 'devmlops data status images --json', what: 'Every path that differs' },
      { line: 'devmlops data status images --exit-code', what: 'For a script' },
    ],
    run: showStatus,
  },
  {
    name: 'data checkout',
    summary: 'Write the files of a version into the folder of its dataset, or elsewhere',
    description:
      'Without a version, the one that the pointer file names, else the newest. Files that are as they should be are\n' +
      'left alone, so running it again goes on where it was stopped. Files that no version holds are never lost\n' +
      'unless --force says so. Without NAME, every folder is brought to its pointer file.',
    arguments: [{ ...reference, required: false }],
    options: {
      to: { type: 'string', value: 'FOLDER', summary: 'Write there instead' },
      only: { type: 'string', value: 'PATTERN', multiple: true, summary: 'Only files of this pattern' },
      force: { type: 'boolean', summary: 'Lose files that no version holds' },
    },
    examples: [
      { line: 'devmlops data checkout images@3', what: 'The folder as it was in version 3' },
      { line: 'devmlops data checkout flights@gold --to /tmp/flights', what: 'The files of a table' },
      { line: "devmlops data checkout images --only 'cats/**'", what: 'A part of it' },
    ],
    run: checkOut,
  },
  {
    name: 'data export',
    summary: 'Write a version as one table, an archive, or plain files',
    description:
      'The ending tells the form: .csv, .parquet, .ndjson (one table, with masked columns masked), .tar, else a folder.',
    arguments: [reference],
    options: {
      to: { type: 'string', value: 'PLACE', summary: 'The file or folder (required)' },
      format: {
        type: 'string',
        values: ['csv', 'parquet', 'ndjson', 'files', 'tar'],
        value: 'FORMAT',
        summary: 'When the ending does not tell',
      },
      force: { type: 'boolean', summary: 'Replace what is there' },
    },
    examples: [
      { line: 'devmlops data export flights@3 --to flights.parquet', what: 'All rows in one file' },
      { line: 'devmlops data export images@gold --to images.tar', what: 'A folder as an archive' },
    ],
    run: exportVersion,
  },
  {
    name: 'data tag',
    summary: 'Give a version a name, take it away, or list the names',
    arguments: [
      reference,
      { name: 'TAG', summary: 'letters, digits, ".", "_" and "-"; listed when left out' },
    ],
    options: {
      move: { type: 'boolean', summary: 'Take the tag from the version that has it' },
      remove: { type: 'boolean', summary: 'Remove the tag' },
    },
    examples: [
      { line: 'devmlops data tag flights@3 gold', what: 'flights@gold is version 3 from now on' },
      { line: 'devmlops data tag flights gold --move', what: 'It is the newest version from now on' },
      { line: 'devmlops data tag flights gold --remove', what: 'Nothing has that name' },
    ],
    run: tagVersion,
  },
]

async function showStatus(context: CommandContext): Promise<void> {
  const data = await client(context)
  const name = context.arguments.optional('NAME')
  // A document is for a program, which wants all of it.
  const limit = context.json ? 10_000_000 : 10
  const items =
    name === undefined ? (await data.statusAll({ limit })).items : [await data.status({ name, limit })]
  if (context.json) context.terminal.json(name === undefined ? items : items[0])
  else {
    const { printStatus } = await import('./render-status.ts')
    printStatus(context.terminal, items)
  }
  const differing = items.filter(({ clean }) => !clean).map(({ dataset }) => dataset)
  if (!context.options.flag('exit-code') || differing.length === 0) return
  const { fail } = await import('#contract/errors')
  fail(
    'conflict',
    `${differing.join(', ')} ${differing.length === 1 ? 'differs' : 'differ'} from the version.`,
    {
      hint: 'Keep the files with `devmlops data add`, or bring the version back with `devmlops data checkout`.',
    },
  )
}

async function checkOut(context: CommandContext): Promise<void> {
  const { resolve } = await import('node:path')
  const given = context.arguments.optional('NAME')
  const to = context.options.text('to')
  const options = {
    ...(to !== undefined && { to: resolve(context.directory, to) }),
    only: [...context.options.list('only')],
    force: context.options.flag('force'),
  }
  if (given === undefined) return checkOutAll(context, options)
  const result = await checkOutOne(context, given, options)
  if (context.json) context.terminal.json(result)
}

interface CheckoutOptions {
  readonly to?: string
  readonly only: string[]
  readonly force: boolean
}

async function checkOutOne(context: CommandContext, given: string, options: CheckoutOptions) {
  const { parseReference } = await import('../reference.ts')
  const { watchProgress } = await import('./watch-progress.ts')
  const { formatCount } = await import('#contract/units')
  const { name, version } = parseReference(given)
  const data = await client(context)
  const wanted = given.includes('@') ? { version } : {}
  const result = await watchProgress(context, name, () =>
    data.checkout({ name, ...wanted, ...options }, { signal: context.signal }),
  )
  const { written, removed, place } = result
  const what =
    written + removed === 0
      ? 'nothing to do'
      : `${formatCount(written)} written${removed === 0 ? '' : `, ${formatCount(removed)} removed`}`
  context.terminal.print(`${name}@${result.version} in ${place}: ${what}`)
  return result
}

async function checkOutAll(context: CommandContext, options: CheckoutOptions): Promise<void> {
  const { fail } = await import('#contract/errors')
  if (options.to !== undefined)
    fail('invalid_input', '--to needs the dataset that it is for.', { at: 'NAME' })
  const { items } = await (await client(context)).statusAll({ limit: 0 })
  const results = []
  for (const { dataset, kind, by, clean } of items) {
    if (kind !== 'folder' || by !== 'pointer' || clean) continue
    results.push(await checkOutOne(context, dataset, options))
  }
  if (context.json) context.terminal.json(results)
  else if (results.length === 0) context.terminal.print('Every folder is what its pointer file says.')
}

async function exportVersion(context: CommandContext): Promise<void> {
  const { fail } = await import('#contract/errors')
  const { resolve } = await import('node:path')
  const { parseReference } = await import('../reference.ts')
  const { watchProgress } = await import('./watch-progress.ts')
  const { exportFormatSchema } = await import('./export-format.ts')
  const to =
    context.options.text('to') ??
    fail('invalid_input', 'Where to? --to FILE or FOLDER is missing.', { at: 'to' })
  const { name, version } = parseReference(context.arguments.required('NAME'))
  const format = exportFormatSchema.optional().parse(context.options.text('format'))
  const data = await client(context)
  const input = {
    name,
    version,
    to: resolve(context.directory, to),
    ...(format !== undefined && { format }),
    force: context.options.flag('force'),
  }
  const result = await watchProgress(context, name, () => data.export(input, { signal: context.signal }))
  if (context.json) return context.terminal.json(result)
  context.terminal.print(`${name}@${result.version} as ${result.format}: ${result.place}`)
}

async function tagVersion(context: CommandContext): Promise<void> {
  const { terminal, json } = context
  const { parseReference } = await import('../reference.ts')
  const { name, version } = parseReference(context.arguments.required('NAME'))
  const tag = context.arguments.optional('TAG')
  const data = await client(context)
  if (tag === undefined) {
    const { items } = await data.tags({ name })
    if (json) return terminal.json(items)
    if (items.length === 0) return terminal.print(`${name} has no tags.`)
    return terminal.table(items, [
      { title: 'TAG', value: (item) => item.tag },
      { title: 'VERSION', value: (item) => `@${item.version}`, align: 'right' },
      { title: 'BY', value: (item) => item.createdBy },
    ])
  }
  const removes = context.options.flag('remove')
  const answer = removes
    ? await data.removeTag({ name, tag })
    : await data.setTag({ name, tag, version, move: context.options.flag('move') })
  if (json) return terminal.json(answer)
  const what = removes ? `no longer names version ${answer.version}` : `is version ${answer.version}`
  terminal.print(`${name}@${tag} ${what}.`)
}
