import type { Command, CommandContext } from '#platform/terminal/index'

async function client({ client: open }: CommandContext) {
  const { featuresContract } = await import('./contract.ts')
  return open(featuresContract)
}

const view = { name: 'VIEW', summary: 'the feature view, as in devmlops.yaml', required: true } as const

export const featuresCommands: readonly Command[] = [
  {
    name: 'features list',
    summary: 'List the feature views of the project',
    examples: [{ line: 'devmlops features list', what: 'Views, their keys and versions' }],
    run: async (context) => {
      const { items } = await (await client(context)).list({})
      if (context.json) return context.terminal.json(items)
      const { printViews } = await import('./features-view.ts')
      printViews(context.terminal, items)
    },
  },
  {
    name: 'features search',
    summary: 'Find features by a word in names, descriptions, columns or keys',
    arguments: [{ name: 'WORDS', summary: 'all of them must occur', required: true, many: true }],
    examples: [{ line: 'devmlops features search amount mean', what: 'Is there a mean of amount already?' }],
    run: async (context) => {
      const search = context.arguments.many('WORDS').join(' ')
      const { items } = await (await client(context)).list({ search })
      if (context.json) return context.terminal.json(items)
      if (items.length === 0) return context.terminal.print(`No feature view is about "${search}".`)
      const { printFeatures } = await import('./features-view.ts')
      for (const item of items) printFeatures(context.terminal, item)
    },
  },
  {
    name: 'features show',
    summary: 'Show a feature view: what it is, its versions, who uses it',
    arguments: [view],
    examples: [{ line: 'devmlops features show buying', what: 'Before it is changed: who uses it?' }],
    run: async (context) => {
      const found = await (await client(context)).get({ view: context.arguments.required('VIEW') })
      if (context.json) return context.terminal.json(found)
      const { printView } = await import('./features-view.ts')
      printView(context.terminal, found)
    },
  },
  {
    name: 'features join',
    summary: 'Give each row of a table the features that were known at its moment',
    description:
      'A feature row counts when it happened and was known (created) at or before the moment of the row, and is not\n' +
      'older than the time to live of its view. Rows keep their order and number; what was not known is NULL.',
    arguments: [
      { name: 'ROWS', summary: 'data.NAME, data.NAME@VERSION, or a Parquet or CSV file', required: true },
      { name: 'FEATURES', summary: 'VIEW, VIEW.FEATURE or VIEW.*', required: true, many: true },
    ],
    options: {
      time: { type: 'string', value: 'COLUMN', summary: 'The moment that each row looks from (needed)' },
      out: { type: 'string', value: 'FILE', summary: 'The Parquet file to write (default: joined.parquet)' },
      before: { type: 'boolean', summary: 'What happens at the very moment is not known yet' },
    },
    examples: [
      {
        line: 'devmlops features join data.orders buying --time ordered_at --before --out rows.parquet',
        what: 'Orders, each with what was known of its country before it',
      },
    ],
    run: async (context) => {
      const { options, terminal, json } = context
      const { fail } = await import('#contract/errors')
      const time =
        options.text('time') ??
        fail('invalid_input', 'Which moment does each row look from? --time is missing.', {
          hint: 'For example --time ordered_at.',
        })
      const result = await (
        await client(context)
      ).join({
        rows: context.arguments.required('ROWS'),
        features: [...context.arguments.many('FEATURES')],
        time,
        boundary: options.flag('before') ? 'before' : 'at_or_before',
        output: options.text('out') ?? 'joined.parquet',
      })
      if (json) return terminal.json(result)
      const { printJoin } = await import('./features-view.ts')
      printJoin(terminal, result)
    },
  },
  {
    name: 'features materialize',
    summary: 'Work out the newest values of each key, for look-up',
    arguments: [view],
    options: { full: { type: 'boolean', summary: 'Also keys of which nothing new is known' } },
    examples: [
      { line: 'devmlops features materialize buying', what: 'Only keys with new rows are worked out' },
    ],
    run: async (context) => {
      const name = context.arguments.required('VIEW')
      const made = await (
        await client(context)
      ).materialize({ view: name, full: context.options.flag('full') })
      if (context.json) return context.terminal.json(made)
      const { printMaterialized } = await import('./features-view.ts')
      printMaterialized(context.terminal, made)
    },
  },
  {
    name: 'features lookup',
    summary: 'Show the materialized values of some keys',
    arguments: [
      view,
      { name: 'KEYS', summary: 'keys; of several columns, as a JSON list', required: true, many: true },
    ],
    examples: [
      {
        line: 'devmlops features lookup buying DE FR',
        what: 'What a model would be told of these countries now',
      },
      { line: `devmlops features lookup stations '["DE", 7]'`, what: 'A key of two columns' },
    ],
    run: async (context) => {
      const keys = context.arguments.many('KEYS').map(readKey)
      const found = await (await client(context)).lookup({ view: context.arguments.required('VIEW'), keys })
      if (context.json) return context.terminal.json(found)
      const { printLookup } = await import('./features-view.ts')
      printLookup(context.terminal, found)
    },
  },
  {
    name: 'features splits',
    summary: 'List splits that were made: by which rule, of what, how many rows',
    options: { name: { type: 'string', value: 'NAME', summary: 'Only those of this rule or step' } },
    examples: [{ line: 'devmlops features splits', what: 'The newest splits' }],
    run: async (context) => {
      const { items } = await (await client(context)).splits({ name: context.options.text('name') })
      if (context.json) return context.terminal.json(items)
      const { printSplits } = await import('./features-view.ts')
      printSplits(context.terminal, items)
    },
  },
]

type Cell = string | number | boolean | null

/** A number is a number, a list in brackets is a key of several columns, anything else is text. */
function readKey(text: string): Cell | Cell[] {
  if (!/^(-?\d+(\.\d+)?|\[.*\]|".*")$/.test(text)) return text
  try {
    return JSON.parse(text) as Cell | Cell[]
  } catch {
    return text
  }
}
