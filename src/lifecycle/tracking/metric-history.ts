import { fail } from '#contract/errors'
import type { Database } from '#platform/database/index'
import type * as reads from './metric-history-read.ts'
import type { HistoryText, PointPlace } from './metric-history-read.ts'
import { toMetric, type Metric } from './metric-store.ts'

/** A page is read and sent at a time, however long a history is. */
const pageLength = 25_000

const limits = { bulkRuns: 100, bulkPoints: 25_000, intervalPoints: 2500 } as const

const module = import.meta.resolve('#lifecycle/tracking/metric-history-read')

export interface HistoryRequest {
  readonly runId: string
  readonly key: string
  /** All points when left out. */
  readonly limit?: number
  /** The `next` of an earlier page. */
  readonly after?: string
}

/** Reads the points of metrics, beside the main thread: a long history holds up nobody who logs. */
export function createMetricHistory({ database }: { readonly database: Database }) {
  const textPage = (runId: string, key: string, page: { limit: number; after?: PointPlace | undefined }) =>
    database.readAside<typeof reads.readHistoryText>(
      { module, name: 'readHistoryText' },
      { runId, key, limit: page.limit, ...(page.after === undefined ? {} : { after: page.after }) },
    )

  return {
    /** By timestamp, step and value. */
    metricHistory: async (
      runId: string,
      { key, limit, offset = 0 }: { readonly key: string; readonly limit: number; readonly offset?: number },
    ): Promise<Metric[]> => {
      const points = await database.readAside<typeof reads.readHistory>(
        { module, name: 'readHistory' },
        { runId, key, limit, offset },
      )
      return points.map((point) => toMetric(key, point))
    },

    /** About `points` of the history, evenly picked; the last one always. */
    sampleHistory: async (
      runId: string,
      { key, points }: { readonly key: string; readonly points: number },
    ): Promise<Metric[]> => {
      const sample = await database.readAside<typeof reads.readSample>(
        { module, name: 'readSample' },
        { runId, key, points },
      )
      return sample.map((point) => toMetric(key, point))
    },

    /**
     * The history as JSON objects with commas between them, page by page, by timestamp, step and value. The last part says
     * where to go on when `limit` came before the end. Nothing for a run or a metric that is not there, as in MLflow.
     */
    historyText: async function* ({ runId, key, limit, after }: HistoryRequest): AsyncGenerator<{
      readonly points: Uint8Array
      readonly next?: string
    }> {
      if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
        fail(
          'invalid_input',
          `Invalid value ${limit} for parameter 'max_results' supplied. It must be a positive integer.`,
          { at: 'max_results' },
        )
      }
      let place = after === undefined || after === '' ? undefined : placeOf(after)
      let left = limit ?? Number.POSITIVE_INFINITY
      do {
        const page = await textPage(runId, key, { limit: Math.min(left, pageLength), after: place })
        left -= page.count
        place = page.next
        yield {
          points: page.points,
          ...(place !== undefined && left === 0 ? { next: tokenOf(place) } : {}),
        }
      } while (place !== undefined && left > 0)
    },

    /** The points of one metric of up to 100 runs, at most 25,000, by run id, timestamp, step and value; as `historyText`. */
    bulkHistoryText: async (
      runIds: readonly string[],
      { key, limit = limits.bulkPoints }: { readonly key: string; readonly limit?: number },
    ): Promise<Uint8Array> => {
      if (runIds.length === 0) {
        fail('invalid_input', 'GetMetricHistoryBulk request must specify at least one run_id.', {
          at: 'run_id',
        })
      }
      checkRuns('GetMetricHistoryBulk', runIds)
      const { points } = await database.readAside<typeof reads.readBulkHistoryText>(
        { module, name: 'readBulkHistoryText' },
        { runIds, key, limit: Math.max(0, Math.min(limit, limits.bulkPoints)) },
      )
      return points
    },

    /** At most `limit` points (2,500) of each of up to 100 runs, evenly picked, in the order of steps; as `historyText`. */
    intervalHistoryText: async (
      runIds: readonly string[],
      request: {
        readonly key: string
        readonly limit?: number
        readonly startStep?: number | undefined
        readonly endStep?: number | undefined
      },
    ): Promise<Uint8Array> => {
      const { key, limit = limits.intervalPoints, startStep, endStep } = request
      checkRuns('GetMetricHistoryBulkInterval', runIds)
      if (!(limit >= 1 && limit <= limits.intervalPoints)) {
        fail('invalid_input', `max_results must be between 1 and ${limits.intervalPoints}.`, {
          at: 'max_results',
        })
      }
      const steps = interval(startStep, endStep)
      const { points }: HistoryText = await database.readAside<typeof reads.readIntervalText>(
        { module, name: 'readIntervalText' },
        { runIds, key, limit, ...(steps === undefined ? {} : { steps }) },
      )
      return points
    },
  }
}

function checkRuns(request: string, runIds: readonly string[]): void {
  if (runIds.length <= limits.bulkRuns) return
  fail(
    'invalid_input',
    `${request} request cannot specify more than ${limits.bulkRuns} run_ids. Received ${runIds.length} run_ids.`,
    { at: 'run_id' },
  )
}

function interval(start: number | undefined, end: number | undefined): [number, number] | undefined {
  if (start === undefined && end === undefined) return undefined
  if (start === undefined || end === undefined) {
    return fail('invalid_input', 'If either start step or end step are specified, both must be specified.', {
      at: start === undefined ? 'start_step' : 'end_step',
    })
  }
  if (start <= end) return [start, end]
  return fail(
    'invalid_input',
    `end_step must be greater than start_step. Found start_step=${start} and end_step=${end}.`,
    { at: 'end_step' },
  )
}

function tokenOf(place: PointPlace): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function placeOf(token: string): PointPlace {
  try {
    const place: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    const isPlace = Array.isArray(place) && place.length === 4 && place.every(Number.isFinite)
    if (isPlace) return place as unknown as PointPlace
  } catch {
    // Answered below, like any other text that is no token.
  }
  return fail('invalid_input', `Invalid page token, "${token.slice(0, 40)}" is not one of an earlier page.`, {
    at: 'page_token',
  })
}
