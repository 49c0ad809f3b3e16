import type { Download } from '#contract/endpoint'
import type { CommandContext } from '#platform/terminal/index'
import { pipelinesContract } from './contract.ts'
import { printFailure, printRun, styledState } from './run-report.ts'

export async function listPipelines({ client, terminal, json }: CommandContext): Promise<void> {
  const { items } = await (await client(pipelinesContract)).list({})
  if (json) return terminal.json(items)
  if (items.length === 0) return terminal.print('The project has no pipelines: add one to devmlops.yaml.')
  terminal.table(items, [
    { title: 'PIPELINE', value: ({ name }) => name },
    { title: 'STEPS', value: ({ steps }) => steps.map(({ name }) => name).join(' → '), shrink: true },
    {
      title: 'LAST RUN',
      value: ({ lastRun }) => (lastRun === undefined ? 'never' : styledState(lastRun.state, terminal)),
    },
    { title: 'WHEN', value: ({ lastRun }) => (lastRun === undefined ? '' : when(lastRun.createdAt)) },
  ])
}

export async function listRuns(context: CommandContext): Promise<void> {
  const { options, terminal, json } = context
  const client = await context.client(pipelinesContract)
  const id = context.arguments.optional('ID')
  if (id !== undefined) {
    const run = await client.run({ runId: id })
    if (json) return terminal.json(run)
    printRun(run, { why: true }, terminal)
    return printFailure(run, terminal)
  }
  const pipeline = options.text('pipeline')
  const limit = options.number('limit') ?? 20
  const { items } = await client.runs({ limit, ...(pipeline === undefined ? {} : { pipeline }) })
  if (json) return terminal.json(items)
  if (items.length === 0) return terminal.print('No pipeline has run yet: devmlops run PIPELINE')
  terminal.table(items, [
    { title: 'RUN', value: (run) => run.id },
    { title: 'PIPELINE', value: (run) => run.pipeline },
    { title: 'STATE', value: (run) => styledState(run.state, terminal) },
    { title: 'STARTED', value: ({ createdAt }) => when(createdAt) },
    { title: 'BY', value: ({ actor }) => actor },
    {
      title: 'BECAUSE',
      value: ({ trigger }) =>
        trigger.reason === undefined ? trigger.kind : `${trigger.kind}: ${trigger.reason}`,
      shrink: true,
    },
  ])
}

export async function cancelRun({ arguments: words, client, terminal, json }: CommandContext): Promise<void> {
  const run = await (await client(pipelinesContract)).cancel({ runId: words.required('ID') })
  if (json) return terminal.json(run)
  terminal.print(`${run.id} ${run.state}`)
}

export async function showLog(context: CommandContext): Promise<void> {
  const { options, terminal, json } = context
  const client = await context.client(pipelinesContract)
  const attempt = options.number('attempt')
  const { body } = (await client.stepLog({
    runId: context.arguments.required('ID'),
    step: context.arguments.required('STEP'),
    ...(attempt === undefined ? {} : { attempt }),
  })) as Download
  const text = await new Response(body as ReadableStream<Uint8Array>).text()
  if (json) terminal.json({ log: text })
  else terminal.print(text.trimEnd())
}

function when(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ')
}
