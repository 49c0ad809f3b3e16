import type { Command, CommandContext } from '#platform/terminal/index'
import { batchCommands } from './batch/batch-commands.ts'
import type { DeploymentView } from './contract.ts'

const name = { name: 'NAME', summary: 'the deployment, as in devmlops.yaml', required: true }
const reason = { type: 'string', value: 'TEXT', summary: 'Why, for the record' } as const

async function client({ client: open }: CommandContext) {
  const { servingContract } = await import('./contract.ts')
  return open(servingContract)
}

export const servingCommands: readonly Command[] = [
  {
    name: 'deploy',
    summary: 'Put a model behind an endpoint, or bring an endpoint to what devmlops.yaml says',
    description:
      'The version that has the alias of `deployments.NAME.model` answers. Running it again changes nothing.\n' +
      'With --canary a second version takes a share of the traffic until it is promoted or rolled back.',
    arguments: [name],
    options: {
      canary: {
        type: 'boolean',
        summary: 'Start a canary with the version that has the alias of `canary.model`',
      },
      version: { type: 'number', summary: 'The version of the canary' },
      share: { type: 'number', summary: 'Per cent of the traffic for the canary' },
      promote: { type: 'boolean', summary: 'Make the canary the champion' },
      'end-canary': { type: 'boolean', summary: 'Take the traffic away from the canary' },
      stop: { type: 'boolean', summary: 'Stop answering' },
      reason,
    },
    examples: [
      { line: 'devmlops deploy flight-delays', what: 'The champion answers all requests' },
      {
        line: 'devmlops deploy flight-delays --canary --share 20',
        what: 'The challenger answers a fifth of them',
      },
    ],
    run: async (context) => {
      const { options } = context
      const serving = await client(context)
      const request = { name: context.arguments.required('NAME'), reason: options.text('reason') }
      const share = options.number('share')
      const version = options.number('version')
      const call = (): Promise<DeploymentView> => {
        if (options.flag('stop')) return serving.stop(request)
        if (options.flag('promote')) return serving.endCanary({ ...request, verdict: 'promote' })
        if (options.flag('end-canary')) return serving.endCanary({ ...request, verdict: 'roll_back' })
        if (options.flag('canary')) return serving.startCanary({ ...request, share, version })
        return serving.deploy(request)
      }
      const deployment = await call()
      if (context.json) context.terminal.json(deployment)
      else printDeployment(context, deployment)
    },
  },
  {
    name: 'deployments',
    summary: 'List the endpoints, what answers and how many requests they had',
    examples: [{ line: 'devmlops deployments', what: 'All endpoints with their variants' }],
    run: async (context) => {
      const { items } = await (await client(context)).list({})
      if (context.json) return context.terminal.json(items)
      if (items.length === 0)
        return context.terminal.print('Nothing is deployed. `devmlops deploy NAME` does it.')
      for (const deployment of items) printDeployment(context, deployment)
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
  ...batchCommands,
]

function printDeployment({ terminal }: CommandContext, deployment: DeploymentView): void {
  const { live } = deployment
  const state =
    deployment.state === 'stopped' ? 'stopped' : live?.ready === true ? 'answering' : 'waiting for the server'
  const color = state === 'answering' ? 'green' : 'yellow'
  terminal.print(
    `${terminal.style(deployment.name, 'bold')}  ${terminal.style(state, color)}  ${deployment.reason}`,
  )
  terminal.table(deployment.variants, [
    { title: '  VARIANT', value: (variant) => `  ${variant.name}` },
    { title: 'MODEL', value: (variant) => `${variant.model} v${variant.version}` },
    { title: 'SHARE', value: (variant) => `${variant.weight} %`, align: 'right' },
    {
      title: 'REQUESTS',
      value: (variant) => String(live?.variants.find((one) => one.name === variant.name)?.requests ?? '–'),
      align: 'right',
    },
  ])
  if (live === undefined) return
  terminal.print(
    `  POST ${live.url}/deployments/${deployment.name}/predict   or   ${live.url}/v2/models/${deployment.name}/infer`,
  )
}

function scoreOf(row: Readonly<Record<string, unknown>>): string {
  const score = row['probability'] ?? row['prediction']
  return typeof score === 'number' ? score.toFixed(4) : JSON.stringify(score)
}
