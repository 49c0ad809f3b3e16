import { fail } from '#contract/errors'
import type { Command, CommandContext } from '#platform/terminal/index'

const name = { name: 'NAME', summary: 'the deployment, as in devmlops.yaml', required: true }
const pageRecords = 5000

async function client(context: CommandContext) {
  const { predictionLogContract } = await import('./contract.ts')
  return context.client(predictionLogContract)
}

export const predictionLogCommands: readonly Command[] = [
  {
    name: 'predictions export',
    summary: 'Write logged predictions to a Parquet or CSV file',
    arguments: [name, { name: 'FILE', summary: 'ends in .parquet or .csv', required: true }],
    options: {
      since: { type: 'string', value: 'TIME', summary: 'From this time on, ISO 8601' },
      until: { type: 'string', value: 'TIME', summary: 'Before this time, ISO 8601' },
    },
    examples: [
      { line: 'devmlops predictions export flight-delays all.parquet', what: 'Everything that is logged' },
      {
        line: 'devmlops predictions export flight-delays may.csv --since 2026-05-01 --until 2026-06-01',
        what: 'One month, for a spreadsheet',
      },
    ],
    run: async (context) => {
      const calls = await client(context)
      const deployment = context.arguments.required('NAME')
      const since = timeOf(context.options.text('since'), '--since')
      const until = timeOf(context.options.text('until'), '--until')
      const { exportPredictions } = await import('./export-predictions.ts')
      const pages = async function* () {
        let read = 0
        let after: { afterSegment?: number; afterOffset?: number } = {}
        for (;;) {
          const { items, next } = await calls.records({
            name: deployment,
            since,
            until,
            limit: pageRecords,
            ...after,
          })
          read += items.length
          context.terminal.progress(`${read} predictions`)
          yield items
          if (next === undefined) return
          after = { afterSegment: next.segment, afterOffset: next.offset }
        }
      }
      const file = context.arguments.required('FILE')
      const rows = await exportPredictions(pages(), file)
      context.terminal.clearProgress()
      if (context.json) return context.terminal.json({ rows, file })
      context.terminal.print(rows === 0 ? 'There are none.' : `${rows} predictions are in ${file}.`)
    },
  },
  {
    name: 'predictions storage',
    summary: 'Show what a prediction log holds, what it lost and what it takes on disk',
    arguments: [name],
    examples: [{ line: 'devmlops predictions storage flight-delays', what: 'Files, bytes and losses' }],
    run: async (context) => {
      const view = await (await client(context)).log({ name: context.arguments.required('NAME') })
      if (context.json) return context.terminal.json(view)
      const { storageText } = await import('./storage-view.ts')
      for (const line of storageText(view)) context.terminal.print(line)
    },
  },
  {
    name: 'predictions compact',
    summary: 'Turn closed files of lines into Parquet and remove what is past its time, now',
    arguments: [name],
    examples: [{ line: 'devmlops predictions compact flight-delays', what: 'Without waiting for the hour' }],
    run: async (context) => {
      const started = await (await client(context)).compact({ name: context.arguments.required('NAME') })
      if (context.json) return context.terminal.json(started)
      context.terminal.print(`Job ${started.jobId} does it.`)
    },
  },
]

function timeOf(text: string | undefined, at: string): number | undefined {
  if (text === undefined) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time)
    ? fail('invalid_input', `${at} "${text}" is no time as of ISO 8601.`, { at })
    : time
}
