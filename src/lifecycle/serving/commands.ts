import type { Command, CommandContext } from '#platform/terminal/index'
import { accessKeyCommands } from './access-keys/commands.ts'
import { batchCommands } from './batch/batch-commands.ts'
import { conformanceCommand } from './conformance/conformance-command.ts'
import { explainCommand } from './explain-command.ts'
import { predictionLogCommands } from './prediction-log/commands.ts'
import { releaseCommands } from './release-commands.ts'

const name = { name: 'NAME', summary: 'the deployment, as in devmlops.yaml', required: true }

async function client({ client: open }: CommandContext) {
  const { servingContract } = await import('./contract.ts')
  return open(servingContract)
}

export const servingCommands: readonly Command[] = [
  ...releaseCommands,
  {
    name: 'deployments',
    summary: 'List the endpoints: what answers, what is on its way, and how many requests they had',
    arguments: [{ name: 'NAME', summary: 'one of them; all when left out' }],
    options: {
      history: { type: 'boolean', summary: 'Every revision of NAME, with who and why' },
      rollouts: { type: 'boolean', summary: 'Every rollout of NAME, with how it ended' },
    },
    examples: [
      { line: 'devmlops deployments', what: 'All endpoints with their variants' },
      { line: 'devmlops deployments flight-delays --history', what: 'Who changed it when, and why' },
    ],
    run: async (context) => {
      const { terminal, json, options } = context
      const serving = await client(context)
      const text = await import('./deployment-text.ts')
      const name = context.arguments.optional('NAME')
      if (name !== undefined && options.flag('history')) {
        const { items } = await serving.revisions({ name })
        return json ? terminal.json(items) : text.printRevisions(context, items)
      }
      if (name !== undefined && options.flag('rollouts')) {
        const { items } = await serving.rollouts({ name })
        return json ? terminal.json(items) : text.printRollouts(context, items)
      }
      const items = name === undefined ? (await serving.list({})).items : [await serving.get({ name })]
      if (json) return terminal.json(items)
      if (items.length === 0) return terminal.print('Nothing is deployed. `devmlops deploy NAME` does it.')
      for (const deployment of items) text.printDeployment(context, deployment)
    },
  },
  {
    name: 'predict',
    summary: 'Ask a deployed endpoint, with named fields',
    arguments: [name, { name: 'FIELD=VALUE', summary: 'the inputs of one row', many: true }],
    options: {
      file: { type: 'string', value: 'FILE', summary: 'Rows from a JSON file: a list of objects' },
      key: { type: 'string', value: 'KEY', summary: 'Rows of one key always get the same variant' },
      'event-time': {
        type: 'string',
        value: 'TIME',
        summary: 'When what is predicted happens, ISO 8601: monitoring counts it there',
      },
    },
    examples: [
      {
        line: 'devmlops predict flight-delays hour=18 weekday=Fri distance=954 origin=ORD destination=EWR',
        what: 'One prediction, with its id',
      },
    ],
    run: async (context) => {
      const deployment = await (await client(context)).get({ name: context.arguments.required('NAME') })
      const { requestPredictions, readRows } = await import('./predict-client.ts')
      const { predictions } = await requestPredictions(deployment, {
        rows: await readRows(context.arguments.many('FIELD=VALUE'), context.options.text('file')),
        key: context.options.text('key'),
        event_time: context.options.text('event-time'),
      })
      if (context.json) return context.terminal.json(predictions)
      context.terminal.table(predictions, [
        { title: 'PREDICTION', value: ({ id }) => String(id) },
        { title: 'SCORE', value: (row) => scoreOf(row), align: 'right' },
        { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
      ])
    },
  },
  {
    name: 'predictions',
    summary: 'Show the newest logged predictions of an endpoint',
    arguments: [name],
    options: { limit: { type: 'number', summary: 'How many (default 20)' } },
    examples: [{ line: 'devmlops predictions flight-delays --limit 5', what: 'The last five' }],
    run: async (context) => {
      const { items } = await (
        await client(context)
      ).predictions({
        name: context.arguments.required('NAME'),
        limit: context.options.number('limit'),
      })
      if (context.json) return context.terminal.json(items)
      context.terminal.table(items, [
        { title: 'ID', value: ({ id }) => id },
        {
          title: 'TIME',
          value: ({ eventTime, time }) => new Date(eventTime ?? time).toISOString().slice(0, 16),
        },
        { title: 'VARIANT', value: ({ variant, version }) => `${variant} v${version}` },
        { title: 'INPUTS', value: ({ inputs }) => JSON.stringify(inputs), shrink: true },
        { title: 'OUTPUTS', value: ({ outputs }) => JSON.stringify(outputs), shrink: true },
      ])
    },
  },
  explainCommand,
  ...predictionLogCommands,
  ...batchCommands,
  conformanceCommand,
  ...accessKeyCommands,
]

function scoreOf(row: Readonly<Record<string, unknown>>): string {
  const score = row['probability'] ?? row['prediction']
  return typeof score === 'number' ? score.toFixed(4) : JSON.stringify(score)
}
