import { setTimeout as pause } from 'node:timers/promises'
import { fail } from '#contract/errors'
import type { Command, CommandContext } from '#platform/terminal/index'
import type { BatchRun } from './batch-calls.ts'
import type { BatchSettings } from './batch-section.ts'

async function client({ client: open }: CommandContext) {
  const { batchCalls } = await import('./batch-calls.ts')
  return open(batchCalls)
}

const pollMs = 300

export const batchCommands: readonly Command[] = [
  {
    name: 'score',
    summary: 'Score a whole table with a model: a dataset, a query or files',
    description:
      'NAME is a batch of devmlops.yaml (`batch_scoring`). With --model it is a name for this run alone.\n' +
      'Killed and started again, the run goes on with the rows that are left; each row is scored once.',
    arguments: [{ name: 'NAME', summary: 'the batch', required: true }],
    options: {
      model: { type: 'string', value: 'MODEL@ALIAS', summary: 'Score with this model' },
      data: { type: 'string', value: 'DATASET', summary: 'The rows of a dataset, such as customers@3' },
      files: { type: 'string', value: 'PATTERN', summary: 'The rows of files of the project' },
      query: { type: 'string', value: 'SQL', summary: 'The rows of a SELECT; its tables by --input' },
      input: {
        type: 'string',
        multiple: true,
        value: 'NAME=DATASET',
        summary: 'A dataset that the query reads',
      },
      to: { type: 'string', value: 'DATASET', summary: 'The dataset that gets a version' },
      folder: {
        type: 'string',
        value: 'FOLDER',
        summary: 'A folder of the project for Parquet files instead',
      },
      detach: { type: 'boolean', summary: 'Start it and do not wait (needs a running server)' },
    },
    examples: [
      { line: 'devmlops score nightly-returns', what: 'Run a batch of devmlops.yaml now' },
      {
        line: 'devmlops score trial --model returns@champion --data orders --folder scored',
        what: 'Score a dataset once, into Parquet files',
      },
    ],
    run: async (context) => {
      const batches = await client(context)
      const name = context.arguments.required('NAME')
      const settings = await settingsOf(context)
      let run = await batches.startBatch({ name, ...(settings !== undefined && { settings }) })
      if (context.options.flag('detach')) {
        return context.json ? context.terminal.json(run) : context.terminal.print(`Started ${run.id}.`)
      }
      const stop = (): void => void batches.cancelBatch({ id: run.id }).catch(() => undefined)
      context.signal.addEventListener('abort', stop, { once: true })
      while (run.state === 'queued' || run.state === 'running') {
        await pause(pollMs)
        run = await batches.batchRun({ id: run.id })
        context.terminal.progress(progressText(run))
      }
      context.terminal.clearProgress()
      showEnd(run, context)
    },
  },
  {
    name: 'score list',
    summary: 'List the runs of batch scoring',
    options: { limit: { type: 'number', summary: 'How many (default 20)' } },
    examples: [{ line: 'devmlops score list', what: 'The newest runs, how far they are and what they made' }],
    run: async (context) => {
      const { items } = await (await client(context)).batchRuns({ limit: context.options.number('limit') })
      if (context.json) return context.terminal.json(items)
      context.terminal.table(items, [
        { title: 'RUN', value: ({ id }) => id.slice(0, 8) },
        { title: 'BATCH', value: ({ name }) => name },
        { title: 'STATE', value: ({ state }) => state },
        {
          title: 'MODEL',
          value: ({ model, version }) => (model === undefined ? '' : `${model} v${version}`),
        },
        { title: 'ROWS', value: ({ scoredRows }) => scoredRows.toLocaleString('en'), align: 'right' },
        { title: 'STARTED', value: ({ createdAt }) => new Date(createdAt).toISOString().slice(0, 16) },
        { title: 'RESULT', value: ({ result, error }) => result ?? error ?? '', shrink: true },
      ])
    },
  },
]

async function settingsOf({ options }: CommandContext): Promise<BatchSettings | undefined> {
  const model = options.text('model')
  const given = ['data', 'files', 'query', 'to', 'folder'].filter((name) => options.text(name) !== undefined)
  if (model === undefined) {
    if (given.length > 0) {
      fail('invalid_input', `--${given[0]} says what is scored, and --model is missing.`, {
        hint: 'Give --model MODEL@ALIAS, or only the name of a batch of devmlops.yaml.',
      })
    }
    return undefined
  }
  const { batchSettingsSchema } = await import('./batch-section.ts')
  const inputs = options.list('input').map((text) => {
    const at = text.indexOf('=')
    if (at < 1) fail('invalid_input', `"${text}" is not NAME=DATASET.`)
    return [text.slice(0, at), text.slice(at + 1)] as const
  })
  const parsed = batchSettingsSchema.safeParse({
    model,
    inputs: Object.fromEntries(inputs),
    ...Object.fromEntries(given.map((name) => [name, options.text(name)])),
  })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  return fail('invalid_input', `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'wrong'}.`.trim(), {
    hint: 'One of --data, --query and --files says what is scored, one of --to and --folder where it goes.',
  })
}

function progressText({ state, scoredRows, totalRows }: BatchRun): string {
  if (totalRows === undefined) return state
  const share = Math.floor((100 * scoredRows) / Math.max(1, totalRows))
  return `${share} %, ${scoredRows.toLocaleString('en')} of ${totalRows.toLocaleString('en')} rows`
}

function showEnd(run: BatchRun, { terminal, json }: CommandContext): void {
  if (json) terminal.json(run)
  if (run.state === 'succeeded') {
    if (json) return
    const refused = run.refused ?? 0
    terminal.print(
      `${run.scoredRows.toLocaleString('en')} rows scored by ${run.model} v${run.version} into ${run.result}`,
    )
    if (refused > 0) {
      terminal.warn(
        `${refused.toLocaleString('en')} rows have no score; the column score_error says why of each.`,
      )
    }
    return
  }
  fail(run.state === 'cancelled' ? 'cancelled' : 'step_failed', run.error ?? `The run was ${run.state}.`, {
    hint: 'Nothing of it was published.',
  })
}
