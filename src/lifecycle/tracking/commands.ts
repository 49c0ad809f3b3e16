import type { Command, CommandContext } from '#platform/terminal/index'
import { lifecycleCommands } from './lifecycle-commands.ts'

const runArgument = {
  name: 'RUN',
  summary: 'the id of a run, or the unique beginning of one',
  required: true,
}
const sparklinePoints = 32
const sparklines = 50
const mostModels = 50

async function client({ client: open }: CommandContext) {
  const { trackingContract } = await import('./contract.ts')
  const { loggedModelContract } = await import('./logged-model-contract.ts')
  return open({ ...trackingContract, ...loggedModelContract })
}

const listRuns = {
  summary: 'List runs, newest first',
  options: {
    experiment: { type: 'string', value: 'NAME', summary: 'Only of this experiment, by name or id' },
    status: {
      type: 'string',
      value: 'STATUS',
      values: ['running', 'scheduled', 'finished', 'failed', 'killed'],
      summary: 'Only with this status',
    },
    filter: {
      type: 'string',
      value: 'FILTER',
      summary: 'Only those that meet it, such as "metrics.roc_auc > 0.7 AND params.model = \'tree\'"',
    },
    'order-by': {
      type: 'string',
      value: 'FIELDS',
      summary: 'Such as "metrics.roc_auc desc" or "tags.team, start_time asc"',
    },
    sort: { type: 'string', value: 'FIELD', summary: 'The same as --order-by' },
    limit: { type: 'number', value: 'N', summary: 'How many at the most (default: 25)' },
    deleted: { type: 'boolean', summary: 'Deleted runs instead' },
  },
  examples: [
    { line: 'devmlops runs', what: 'The newest runs with their metrics' },
    { line: 'devmlops runs --order-by "metrics.roc_auc desc" --limit 5', what: 'The five best' },
    {
      line: `devmlops runs --filter "params.model = 'tree' AND NOT tags.team IN ('a', 'b')"`,
      what: 'Those that meet a filter',
    },
  ],
  run: async (context) => {
    const { options, terminal, json } = context
    const tracking = await client(context)
    const experiment = options.text('experiment')
    const status = options.text('status')
    const orderBy = options.text('order-by') ?? options.text('sort')
    const filter = options.text('filter')
    const { runStatusSchema } = await import('./contract.ts')
    const page = await tracking.listRuns({
      limit: options.number('limit') ?? 25,
      view: options.flag('deleted') ? 'deleted' : 'active',
      ...(experiment === undefined
        ? {}
        : { experimentIds: [await (await experiments()).findExperimentId(tracking, experiment)] }),
      ...(status === undefined ? {} : { statuses: [runStatusSchema.parse(status.toUpperCase())] }),
      ...(orderBy === undefined ? {} : { orderBy }),
      ...(filter === undefined ? {} : { filter }),
    })
    if (json) return terminal.json(page.items)
    if (page.items.length === 0) {
      return terminal.print(
        filter === undefined
          ? 'No runs yet. `devmlops run PIPELINE` makes some.'
          : 'No run meets the filter.',
      )
    }
    const { printRuns } = await import('./run-view.ts')
    printRuns(terminal, page.items, await now())
    if (page.next !== undefined) terminal.note('There are more: raise --limit.')
  },
} as const satisfies Omit<Command, 'name'>

export const trackingCommands: readonly Command[] = [
  { name: 'runs', ...listRuns },
  { name: 'runs list', ...listRuns },
  {
    name: 'runs show',
    summary: 'Show a run: metrics, parameters, data, artifacts, tags',
    arguments: [runArgument],
    examples: [{ line: 'devmlops runs show 3f2a91', what: 'A run by the beginning of its id' }],
    run: async (context) => {
      const { terminal, json } = context
      const tracking = await client(context)
      const runId = context.arguments.required('RUN')
      const run = await tracking.getRun({ runId })
      const { items: artifacts } = await tracking.listArtifacts({ runId: run.id })
      const { items: models } = await tracking.listLoggedModels({ runId: run.id, limit: mostModels })
      if (json) return terminal.json({ ...run, artifacts, models })
      const histories: Record<string, Awaited<ReturnType<typeof tracking.metricHistory>>['items']> = {}
      for (const { key } of run.metrics.slice(0, sparklines)) {
        const { items } = await tracking.metricHistory({ runId: run.id, key, points: sparklinePoints })
        histories[key] = items
      }
      const { printRun } = await import('./run-view.ts')
      printRun(terminal, { run, artifacts, models, histories }, await now())
    },
  },
  {
    name: 'runs compare',
    summary: 'Put runs side by side and mark what differs',
    arguments: [{ name: 'RUN', summary: 'ids of two or more runs', required: true, many: true }],
    examples: [
      { line: 'devmlops runs compare 3f2a91 b07c55', what: 'Parameters, metrics and data of two runs' },
    ],
    run: async (context) => {
      const { terminal, json } = context
      const ids = context.arguments.many('RUN')
      const tracking = await client(context)
      const runs = await Promise.all(ids.map((runId) => tracking.getRun({ runId })))
      if (json) return terminal.json(runs)
      const { printComparison } = await import('./run-view.ts')
      printComparison(terminal, runs, await now())
    },
  },
  {
    name: 'runs download',
    summary: 'Save an artifact of a run as a file',
    arguments: [
      runArgument,
      { name: 'PATH', summary: 'the path of the artifact', required: true },
      { name: 'FILE', summary: 'where to write it (default: its name, here)' },
    ],
    examples: [{ line: 'devmlops runs download 3f2a91 model.onnx', what: 'Writes ./model.onnx' }],
    run: async (context) => {
      const { arguments: words, terminal, json } = context
      const tracking = await client(context)
      const path = words.required('PATH')
      const { body } = await tracking.readArtifact({ runId: words.required('RUN'), path })
      const { saveDownload } = await import('./save-download.ts')
      const { formatBytes } = await import('#contract/units')
      const saved = await saveDownload(body, {
        directory: context.directory,
        file: words.optional('FILE') ?? path.split('/').at(-1) ?? 'artifact',
      })
      if (json) return terminal.json(saved)
      terminal.print(`${saved.path}  ${formatBytes(saved.sizeBytes)}`)
    },
  },
  ...lifecycleCommands,
]

function experiments() {
  return import('./find-experiment-id.ts')
}

async function now(): Promise<number> {
  const { systemClock } = await import('#platform/clock')
  return systemClock.now()
}
