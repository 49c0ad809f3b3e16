import type { Command, CommandContext } from '#platform/terminal/index'
import type { PredictionTrace } from './contract.ts'
import { purgeCommand } from './purge-command.ts'

async function client({ client: open }: CommandContext) {
  const { governanceContract } = await import('./contract.ts')
  return open(governanceContract)
}

export const governanceCommands: readonly Command[] = [
  purgeCommand,
  {
    name: 'trace',
    summary: 'Trace one prediction to model version, run, data digests, parameters and code commit',
    arguments: [{ name: 'PREDICTION', summary: 'the id in the answer of the endpoint', required: true }],
    examples: [
      {
        line: 'devmlops trace 019aa7c4-8f2e-7d5e-9d43-3c5c5e0f6a11',
        what: 'Everything that made this prediction',
      },
    ],
    run: async (context) => {
      const trace = await (
        await client(context)
      ).tracePrediction({ id: context.arguments.required('PREDICTION') })
      if (context.json) context.terminal.json(trace)
      else printTrace(context, trace)
    },
  },
  {
    name: 'audit',
    summary: 'Show who changed what, newest first',
    options: { limit: { type: 'number', summary: 'How many (default 30)' } },
    examples: [{ line: 'devmlops audit --limit 10', what: 'The last ten changes' }],
    run: async (context) => {
      const { items } = await (await client(context)).audit({ limit: context.options.number('limit') ?? 30 })
      if (context.json) return context.terminal.json(items)
      context.terminal.table(items, [
        { title: 'TIME', value: ({ time }) => new Date(time).toISOString().slice(0, 19) },
        { title: 'WHO', value: ({ actor }) => actor },
        { title: 'WHAT', value: ({ action }) => action },
        { title: 'OUTCOME', value: ({ outcome }) => outcome },
        { title: 'INPUT', value: ({ input }) => input, shrink: true },
      ])
    },
  },
]

function printTrace({ terminal }: CommandContext, { prediction, model }: PredictionTrace): void {
  const { version, run, transitions } = model
  const { lineage } = version
  const section = (title: string, rows: readonly (readonly [string, string])[]): void => {
    terminal.print(terminal.style(title, 'bold'))
    const width = Math.max(...rows.map(([name]) => name.length))
    for (const [name, value] of rows) terminal.print(`  ${name.padEnd(width)}  ${value}`)
  }
  section(`Prediction ${prediction.id}`, [
    ['made', new Date(prediction.time).toISOString()],
    ...(prediction.eventTime === undefined
      ? []
      : [['about', new Date(prediction.eventTime).toISOString()] as const]),
    ['by', `${prediction.deployment}, ${prediction.variant}`],
    ['inputs', JSON.stringify(prediction.inputs)],
    ['outputs', JSON.stringify(prediction.outputs)],
  ])
  section(`Model ${version.model} version ${version.version}`, [
    ['registered', `${new Date(version.createdAt).toISOString()} by ${version.createdBy}`],
    ['verdict', version.evaluation?.verdict ?? 'not evaluated'],
    ...version.artifacts.map(({ path, digest }): [string, string] => [path, digest]),
    ...transitions.map(({ alias, kind, time, actor, reason }): [string, string] => [
      `${kind} ${alias}`,
      `${new Date(time).toISOString()} by ${actor}: ${reason}`,
    ]),
  ])
  if (run !== null) {
    section(`Run ${run.name} (${run.id})`, [
      ...Object.entries(run.params),
      ...Object.entries(run.metrics).map(([name, value]): [string, string] => [name, String(value)]),
    ])
  }
  section('Made from', [
    ...lineage.datasets.map(({ name, version: number, digest, role }): [string, string] => [
      role ?? 'data',
      `${name}${number === '' ? '' : `@${number}`}  ${digest}`,
    ]),
    ...Object.entries(lineage.parameters).map(([name, value]): [string, string] => [
      `parameter ${name}`,
      value,
    ]),
    [
      'code',
      lineage.code === undefined
        ? 'not in a Git repository'
        : `${lineage.code.commit ?? '–'}${lineage.code.dirty ? ' with changes' : ''}`,
    ],
    ...(lineage.pipeline === undefined
      ? []
      : [['pipeline run', `${lineage.pipeline.name} ${lineage.pipeline.runId}`] as const]),
    ...Object.entries(lineage.environment),
  ])
}
