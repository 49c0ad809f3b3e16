import type { TrackingService } from '#lifecycle/tracking/index'
import { fail } from '#contract/errors'
import { call, type MlflowCall, type RawJson } from '../call.ts'
import { integer, list, message, required, text } from '../message.ts'
import { runId, runIdOf } from '../run-id.ts'

/** The points of metrics. They are JSON when they come out of the store: there are thousands in an answer. */
export function metricHistoryCalls(tracking: TrackingService): MlflowCall[] {
  const reads = { methods: ['GET'], permission: 'read' } as const
  return [
    call({
      ...reads,
      path: 'metrics/get-history',
      request: message({ ...runId, metric_key: required(text), max_results: integer, page_token: text }),
      answer: ({ metric_key, max_results, page_token, ...request }) =>
        historyAnswer(
          tracking.historyText({
            runId: runIdOf(request),
            key: metric_key,
            ...(max_results === undefined ? {} : { limit: max_results }),
            ...(page_token === undefined ? {} : { after: page_token }),
          }),
        ),
    }),
    call({
      ...reads,
      path: 'metrics/get-history-bulk',
      request: message({ run_id: list(text), metric_key: text, max_results: integer }),
      answer: async ({ run_id = [], metric_key, max_results }) => {
        if (metric_key === undefined) {
          fail('invalid_input', 'GetMetricHistoryBulk request must specify a metric_key.', {
            at: 'metric_key',
          })
        }
        const limit = max_results === undefined ? {} : { limit: max_results }
        const points = await tracking.bulkHistoryText(run_id, { key: metric_key, ...limit })
        return json('{"metrics":[', points, ']}')
      },
    }),
    call({
      ...reads,
      path: 'metrics/get-history-bulk-interval',
      request: message({
        run_ids: required(list(text)),
        metric_key: required(text),
        start_step: integer,
        end_step: integer,
        max_results: integer,
      }),
      answer: async ({ run_ids, metric_key, start_step, end_step, max_results }) => {
        const points = await tracking.intervalHistoryText(run_ids, {
          key: metric_key,
          startStep: start_step,
          endStep: end_step,
          ...(max_results === undefined ? {} : { limit: max_results }),
        })
        return json('{"metrics":[', points, ']}')
      },
    }),
  ]
}

type Pages = ReturnType<TrackingService['historyText']>

/** One page is answered whole, so that it has a length; a longer history as it is read. */
async function historyAnswer(pages: Pages): Promise<RawJson> {
  const first = await pages.next()
  if (first.done === true) return json('{}')
  const second = await pages.next()
  if (second.done !== true) return { json: streamed([first.value, second.value], pages) }
  return json('{"metrics":[', first.value.points, tailOf(first.value))
}

type Page = { readonly points: Uint8Array; readonly next?: string }

async function* streamed(read: readonly Page[], pages: Pages): AsyncGenerator<Uint8Array> {
  let opening = '{"metrics":['
  let last: Page | undefined
  for (const page of read) {
    yield* [Buffer.from(opening), page.points]
    opening = ','
    last = page
  }
  for await (const page of pages) {
    yield* [Buffer.from(opening), page.points]
    last = page
  }
  yield Buffer.from(tailOf(last))
}

function tailOf(last: Page | undefined): string {
  return last?.next === undefined ? ']}' : `],"next_page_token":${JSON.stringify(last.next)}}`
}

function json(...parts: readonly (string | Uint8Array)[]): RawJson {
  return { json: Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))) }
}
