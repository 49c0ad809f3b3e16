import type { Command, CommandContext } from '#platform/terminal/index'

const name = { name: 'NAME', summary: 'the deployment, as in devmlops.yaml' }

async function client({ client: open }: CommandContext) {
  const { monitoringContract } = await import('./contract.ts')
  return open(monitoringContract)
}

/** The one that was named, or all. */
async function monitorNames(context: CommandContext): Promise<string[]> {
  const named = context.arguments.optional('NAME')
  if (named !== undefined) return [named]
  return (await (await client(context)).list({})).items.map((status) => status.name)
}

export const monitoringCommands: readonly Command[] = [
  {
    name: 'feedback',
    summary: 'Bring true labels of predictions, one or a file of them',
    description:
      'A label may come before its prediction is read, and again: the later one counts, and the same one changes nothing.\n' +
      'A file is CSV, TSV, JSON, NDJSON or Parquet with the columns id and label, and time if it likes.',
    arguments: [
      { ...name, required: true },
      { name: 'ID', summary: 'the id of a prediction' },
      { name: 'LABEL', summary: 'the truth: 0, 1, or a number for regression' },
    ],
    options: { file: { type: 'string', value: 'FILE', summary: 'Labels from a file' } },
    examples: [
      { line: 'devmlops feedback flight-delays 0190a5c2-… 1', what: 'This flight was late' },
      { line: 'devmlops feedback flight-delays --file labels.csv', what: 'Columns id,label[,time]' },
    ],
    run: async (context) => {
      const { terminal, json } = context
      const deployment = context.arguments.required('NAME')
      const { labelsOf } = await import('./label-words.ts')
      const labels = await labelsOf(context)
      const monitoring = await client(context)
      const { maximumLabels } = await import('./contract.ts')
      const total = { new: 0, changed: 0, unchanged: 0, unknown: 0 }
      for (let start = 0; start < labels.length; start += maximumLabels) {
        terminal.progress(`labels ${start} of ${labels.length}`)
        const part = labels.slice(start, start + maximumLabels)
        const result = await monitoring.feedback(
          { name: deployment, labels: part },
          { signal: context.signal },
        )
        for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += result[key]
      }
      if (json) return terminal.json(total)
      terminal.print(
        `${terminal.style('✓', 'green')} ${deployment}: ${total.new} new, ${total.changed} changed, ${total.unchanged} known already`,
      )
      if (total.unknown > 0) {
        terminal.note(
          `  ${total.unknown} of the ids belong to no prediction that is logged; they are kept for when it comes`,
        )
      }
    },
  },
  {
    name: 'monitor',
    summary: 'Show all monitors: data, alerts, retraining, canary',
    examples: [{ line: 'devmlops monitor', what: 'How every deployment is doing' }],
    run: async (context) => {
      const { items } = await (await client(context)).list({})
      if (context.json) return context.terminal.json(items)
      const { printMonitors } = await import('./monitor-text.ts')
      printMonitors(context.terminal, items)
    },
  },
  {
    name: 'monitor run',
    summary: 'Check now: read new predictions, judge what changed, act on it',
    description:
      'A running server does this by itself, every half minute and when labels come. To check twice changes nothing.',
    arguments: [name],
    examples: [{ line: 'devmlops monitor run flight-delays', what: 'Judges the windows that have ended' }],
    run: async (context) => {
      const monitoring = await client(context)
      const results = []
      for (const monitor of await monitorNames(context)) {
        context.terminal.progress(`checking ${monitor}`)
        results.push(await monitoring.check({ name: monitor }, { signal: context.signal }))
      }
      if (context.json) return context.terminal.json(results)
      const { printChecks } = await import('./monitor-text.ts')
      printChecks(context.terminal, results)
    },
  },
  {
    name: 'monitor show',
    summary: 'Show the windows of a monitor: rows, labels, drift, realized metrics',
    arguments: [{ ...name, required: true }],
    options: {
      limit: { type: 'number', summary: 'How many windows (default 20)' },
      metric: {
        type: 'string',
        value: 'METRIC',
        summary: 'Which metric to show (default: those with rules)',
      },
    },
    examples: [
      { line: 'devmlops monitor show flight-delays', what: 'Week by week' },
      { line: 'devmlops monitor show flight-delays --metric roc_auc', what: 'One metric of your choice' },
    ],
    run: async (context) => {
      const monitoring = await client(context)
      const monitor = context.arguments.required('NAME')
      const status = await monitoring.get({ name: monitor })
      const { items: windows } = await monitoring.windows({
        name: monitor,
        limit: context.options.number('limit') ?? 20,
      })
      if (context.json) return context.terminal.json({ ...status, windows })
      const { printMonitor } = await import('./monitor-text.ts')
      printMonitor(context.terminal, { status, windows, metric: context.options.text('metric') })
    },
  },
  {
    name: 'monitor canary',
    summary: 'Show how a version that is tried stands: its checks and the verdict',
    arguments: [{ ...name, required: true }],
    options: {},
    examples: [
      { line: 'devmlops monitor canary flight-delays', what: 'What it still waits for' },
      {
        line: 'devmlops monitor canary flight-delays --json',
        what: 'All trials with all verdicts: the intervals over time',
      },
    ],
    run: async (context) => {
      const deployment = context.arguments.required('NAME')
      const { items: trials } = await (await client(context)).canaries({ name: deployment })
      if (context.json) return context.terminal.json(trials)
      const { printTrials } = await import('./canary-text.ts')
      printTrials(context.terminal, { deployment, trials })
    },
  },
  {
    name: 'monitor alerts',
    summary: 'List alerts: what is wrong, since when, and why',
    arguments: [name],
    options: { all: { type: 'boolean', summary: 'Resolved ones too' } },
    examples: [
      { line: 'devmlops monitor alerts', what: 'Pending and firing' },
      { line: 'devmlops monitor alerts flight-delays --all', what: 'The whole history of one' },
    ],
    run: async (context) => {
      const { items } = await (
        await client(context)
      ).alerts({ monitor: context.arguments.optional('NAME'), all: context.options.flag('all') })
      if (context.json) return context.terminal.json(items)
      const { printAlerts } = await import('./monitor-text.ts')
      printAlerts(context.terminal, items)
    },
  },
]
