import { arrivalsCommands } from './arrivals/commands.ts'
import { remotesCommands } from './remotes/commands.ts'
import type { Command, CommandContext } from '#platform/terminal/index'
import { diffCommands } from './diff/commands.ts'
import { personalCommands } from './personal/commands.ts'
import { gitCommands } from './pointers/commands.ts'
import { workspaceCommands } from './folders/commands.ts'
import { failuresCommands } from './checks/failures/commands.ts'
import { inferenceCommands } from './inference/commands.ts'
import { leakageCommands } from './leakage/commands.ts'
import { profileCommands } from './profiles/commands.ts'
import { suiteCommands } from './suites/commands.ts'
import type { AddResult, Arrival } from './versions/dataset-version.ts'

const files = {
  name: 'FILES',
  summary: 'files or quoted patterns, instead of the source in devmlops.yaml',
  many: true,
} as const

async function client({ client: open }: CommandContext) {
  const { dataContract } = await import('./contract.ts')
  return open(dataContract)
}

/** Paths as the server can use them, wherever this command was called. */
async function pathsOf({ arguments: given, directory }: CommandContext): Promise<string[] | undefined> {
  const { resolve } = await import('node:path')
  const paths = given.many('FILES').map((path) => resolve(directory, path))
  return paths.length === 0 ? undefined : paths
}

/** Ends the command with the first refusal's own code, after everything was printed. */
async function failIfRejected(arrivals: readonly Arrival[]): Promise<void> {
  const rejections = arrivals.flatMap(({ rejection }) => rejection ?? [])
  const [first] = rejections
  if (first === undefined) return
  const { fail } = await import('#contract/errors')
  const others = rejections.length === 1 ? '' : ` And ${rejections.length - 1} more rejected.`
  fail(first.code, `${first.message}${others}`, first.hint === undefined ? {} : { hint: first.hint })
}

async function printAdded(context: CommandContext, results: readonly AddResult[]): Promise<void> {
  const { terminal } = context
  const { printArrivals } = await import('./render.ts')
  const { changesText, contentText } = await import('./folders/render-folder-version.ts')
  const { formatDuration } = await import('#contract/units')
  for (const { dataset, version, created, arrivals, changes, notices, durationMs } of results) {
    printArrivals(terminal, arrivals)
    const what =
      version === null
        ? `${dataset}: no version yet`
        : `${dataset}@${version.version}: ${contentText(version)}${changes === undefined ? '' : ` (${changesText(changes)})`}`
    terminal.print(`${what}${created ? `, added in ${formatDuration(durationMs)}` : ', nothing new'}`)
    for (const notice of notices ?? []) terminal.print(`${terminal.style('!', 'yellow')} ${notice}`)
  }
}

export const dataCommands: readonly Command[] = [
  {
    name: 'data add',
    summary: 'Take in what is new: read it, check it, and make a version of what passes',
    description:
      'Without FILES the source of the dataset is looked at; without NAME, every dataset.\n' +
      'Files whose bytes are known already are left out, so running it again changes nothing.\n' +
      'Rows that do not meet the expectations are rejected with the reason (exit code 6); nothing stored changes.',
    arguments: [{ name: 'NAME', summary: 'the dataset, as in devmlops.yaml' }, files],
    examples: [
      { line: 'devmlops data add', what: 'Whatever is new, in every dataset' },
      { line: 'devmlops data add flights', what: 'New files of the source of flights' },
      { line: 'devmlops data add flights exports/2001-03.parquet', what: 'This file, wherever it is' },
    ],
    run: async (context) => {
      const data = await client(context)
      const name = context.arguments.optional('NAME')
      const paths = await pathsOf(context)
      const { watchProgress } = await import('./folders/watch-progress.ts')
      const results =
        name === undefined
          ? (await data.addAll({})).items
          : [await watchProgress(context, name, () => data.add({ name, ...(paths && { paths }) }))]
      const arrivals = results.flatMap((result) => result.arrivals)
      if (!context.json) await printAdded(context, results)
      await failIfRejected(arrivals)
      if (context.json) context.terminal.json(name === undefined ? results : results[0])
    },
  },
  {
    name: 'data check',
    summary: 'Check what would be taken in, or the newest version when nothing is new; store nothing',
    arguments: [{ name: 'NAME', summary: 'the dataset, as in devmlops.yaml', required: true }, files],
    options: {
      now: { type: 'string', value: 'TIME', summary: 'Measure ages against this time: 2026-01-31T12:00:00Z' },
    },
    examples: [
      { line: 'devmlops data check flights', what: 'Try changed expectations on the data that is there' },
      { line: 'devmlops data check flights export.csv', what: 'Would this file be taken?' },
    ],
    run: async (context) => {
      const data = await client(context)
      const paths = await pathsOf(context)
      const now = context.options.text('now')
      const checked = await data.check({
        name: context.arguments.required('NAME'),
        ...(paths && { paths }),
        ...(now !== undefined && { now }),
      })
      if (!context.json) {
        const { printChecked } = await import('./checks/print-checks.ts')
        printChecked(context.terminal, checked.arrivals)
      }
      await failIfRejected(checked.arrivals)
      if (context.json) context.terminal.json(checked)
    },
  },
  ...workspaceCommands,
  ...gitCommands,
  ...arrivalsCommands,
  ...failuresCommands,
  ...profileCommands,
  ...inferenceCommands,
  ...suiteCommands,
  ...leakageCommands,
  {
    name: 'data list',
    summary: 'List the datasets with their newest version and what was rejected last',
    examples: [{ line: 'devmlops data list', what: 'All datasets of the project' }],
    run: async (context) => {
      const { items } = await (await client(context)).list({})
      if (context.json) return context.terminal.json(items)
      const { printDatasets } = await import('./render.ts')
      printDatasets(context.terminal, items, Date.now())
    },
  },
  {
    name: 'data show',
    summary: 'Show a version: where it came from, its checks, and how each column is spread',
    arguments: [{ name: 'NAME', summary: 'the dataset, NAME@VERSION or NAME@TAG', required: true }],
    options: {
      files: { type: 'boolean', summary: 'List its files instead' },
      prefix: { type: 'string', value: 'PATH', summary: 'With --files: only paths that begin so' },
      limit: { type: 'number', value: 'N', summary: 'With --files: so many at the most (default: 100)' },
      rows: { type: 'number', value: 'N', summary: 'Show the first N rows instead (at most 1000)' },
      unmasked: {
        type: 'boolean',
        summary: 'With --rows, as an administrator: values of columns with a class, too; audited',
      },
    },
    examples: [
      { line: 'devmlops data show flights', what: 'The newest version and the ones before' },
      { line: 'devmlops data show flights@3', what: 'Version 3' },
      { line: 'devmlops data show flights --rows 5', what: 'Its first rows' },
      { line: 'devmlops data show images@gold --files --prefix cats/', what: 'Files of a folder' },
    ],
    run: showVersion,
  },
  ...diffCommands,
  ...personalCommands,
  ...remotesCommands,
]

async function showVersion(context: CommandContext): Promise<void> {
  const { terminal, json } = context
  const { parseReference } = await import('./reference.ts')
  const { name, version } = parseReference(context.arguments.required('NAME'))
  const data = await client(context)
  if (context.options.flag('files')) {
    const { showFiles } = await import('./folders/show-files.ts')
    return showFiles(context, { name, version })
  }
  const limit = context.options.number('rows')
  if (limit !== undefined) {
    const place = { name, version, limit }
    const { columns, rows } = await (context.options.flag('unmasked')
      ? data.unmaskedRows(place)
      : data.head(place))
    if (json) return terminal.json({ columns, rows })
    return terminal.table(
      rows,
      columns.map((column) => ({
        title: column.name,
        value: (row) => String(row[column.name] ?? ''),
        align: column.type === 'integer' || column.type === 'number' ? 'right' : 'left',
        shrink: true,
      })),
    )
  }
  const { items: rejections } = await data.rejections({ name, limit: 5 })
  const { items: versions } = await data.versions({ name, limit: 10 })
  const { printRejections, printVersion, printVersions } = await import('./render.ts')
  const now = Date.now()
  if (versions.length === 0) {
    if (json) return terminal.json({ version: null, rejections })
    terminal.print(`${name} has no version yet. Add its data: devmlops data add ${name}`)
  } else {
    const [found, profile, tags] = await Promise.all([
      data.get({ name, version }),
      data.profile({ name, version }),
      data.tags({ name }),
    ])
    if (json) return terminal.json({ version: found, profile, tags: tags.items, rejections })
    printVersion(terminal, found, profile)
    const named = tags.items.map((each) => `${each.tag} (@${each.version})`)
    if (named.length > 0) terminal.print(`tags    ${named.join(', ')}`)
    if (version === 'latest') {
      terminal.print('')
      printVersions(terminal, versions, now)
    }
  }
  if (rejections.length === 0) return
  terminal.print('')
  printRejections(terminal, rejections, now)
}
