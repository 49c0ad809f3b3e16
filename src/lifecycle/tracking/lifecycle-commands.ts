import type { Command, CommandContext } from '#platform/terminal/index'

async function client({ client: open }: CommandContext) {
  const { trackingContract } = await import('./contract.ts')
  return open(trackingContract)
}

const runsArgument = {
  name: 'RUN',
  summary: 'ids of runs, or the unique beginnings of them',
  required: true,
  many: true,
} as const
const experimentArgument = { name: 'EXPERIMENT', summary: 'its name or id', required: true } as const

/** Deleting softly, and taking it back. */
export const lifecycleCommands: readonly Command[] = [
  {
    name: 'runs delete',
    summary: 'Delete runs, until they are restored or purged',
    arguments: [runsArgument],
    examples: [{ line: 'devmlops runs delete 3f2a91', what: 'Gone from lists; `devmlops purge` ends it' }],
    run: (context) => eachRun(context, 'deleted'),
  },
  {
    name: 'runs restore',
    summary: 'Take back that runs were deleted',
    arguments: [runsArgument],
    examples: [{ line: 'devmlops runs restore 3f2a91', what: 'As if nothing had been' }],
    run: (context) => eachRun(context, 'restored'),
  },
  {
    name: 'experiments list',
    summary: 'List experiments, newest first',
    options: { deleted: { type: 'boolean', summary: 'Deleted experiments instead' } },
    examples: [{ line: 'devmlops experiments list --deleted', what: 'What may be restored' }],
    run: async (context) => {
      const { options, terminal, json } = context
      const tracking = await client(context)
      const { items } = await tracking.listExperiments({
        limit: 1000,
        view: options.flag('deleted') ? 'deleted' : 'active',
      })
      if (json) return terminal.json(items)
      terminal.table(items, [
        { title: 'ID', value: ({ id }) => id, align: 'right' },
        { title: 'NAME', value: ({ name }) => name, shrink: true },
        { title: 'MADE', value: ({ createdAt }) => timeOf(createdAt) },
      ])
    },
  },
  {
    name: 'experiments delete',
    summary: 'Delete an experiment with its runs, until it is restored or purged',
    arguments: [experimentArgument],
    examples: [
      { line: 'devmlops experiments delete "first tries"', what: 'Its name stays taken until a purge' },
    ],
    run: (context) => oneExperiment(context, 'deleted'),
  },
  {
    name: 'experiments restore',
    summary: 'Take back that an experiment was deleted, with its runs',
    arguments: [experimentArgument],
    examples: [{ line: 'devmlops experiments restore "first tries"', what: 'As if nothing had been' }],
    run: (context) => oneExperiment(context, 'restored'),
  },
  {
    name: 'experiments rename',
    summary: 'Give an experiment another name',
    arguments: [experimentArgument, { name: 'NAME', summary: 'the new name', required: true }],
    examples: [{ line: 'devmlops experiments rename 3 churn', what: 'Experiment 3 is called churn' }],
    run: async (context) => {
      const { arguments: words, terminal, json } = context
      const tracking = await client(context)
      const { findExperimentId } = await import('./find-experiment-id.ts')
      const experimentId = await findExperimentId(tracking, words.required('EXPERIMENT'))
      const name = words.required('NAME')
      const renamed = await tracking.updateExperiment({ experimentId, name })
      if (json) return terminal.json(renamed)
      terminal.print(`${terminal.style('✓', 'green')} experiment ${experimentId} is called ${name}`)
    },
  },
]

async function eachRun(context: CommandContext, outcome: 'deleted' | 'restored'): Promise<void> {
  const { arguments: words, terminal, json } = context
  const tracking = await client(context)
  const runIds = words.many('RUN')
  for (const runId of runIds) {
    await (outcome === 'deleted' ? tracking.deleteRun({ runId }) : tracking.restoreRun({ runId }))
    if (!json) terminal.print(`${terminal.style('✓', 'green')} ${runId} is ${outcome}`)
  }
  if (json) terminal.json({ [outcome]: runIds })
}

async function oneExperiment(context: CommandContext, outcome: 'deleted' | 'restored'): Promise<void> {
  const { arguments: words, terminal, json } = context
  const tracking = await client(context)
  const { findExperimentId } = await import('./find-experiment-id.ts')
  const experimentId = await findExperimentId(tracking, words.required('EXPERIMENT'))
  await (outcome === 'deleted'
    ? tracking.deleteExperiment({ experimentId })
    : tracking.restoreExperiment({ experimentId }))
  if (json) return terminal.json({ [outcome]: experimentId })
  terminal.print(`${terminal.style('✓', 'green')} experiment ${experimentId} is ${outcome}`)
}

function timeOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ')
}
