import { fail } from '#contract/errors'
import type { Database, ReadFunction, ReadPlace } from '#platform/database/index'
import { parseFilter, toCondition } from '#platform/filter/index'
import type { LifecycleView, RunStatus } from './contract.ts'
import { searchDatasets, type DatasetSummary } from './dataset-search.ts'
import { parseToken, tokenOf } from './page-token.ts'
import { readRuns, type Run } from './run-details.ts'
import { compareRun } from './run-filter.ts'
import { parseRunOrders } from './run-order.ts'
import type { RunPageQuery } from './run-page.ts'
import * as runPageRead from './run-page-read.ts'
import { searchRunNumbers, type RunQuery } from './run-search.ts'
import type { TrackingTables } from './tables.ts'

export interface RunSearch {
  /** All active experiments when left out. */
  readonly experimentIds?: readonly string[]
  readonly statuses?: readonly RunStatus[]
  /** Tags that a run must have, with these values. */
  readonly tags?: Readonly<Record<string, string>>
  /** As in `metrics.rmse < 1 AND params.model = 'tree'`. */
  readonly filter?: string | undefined
  readonly view?: LifecycleView
  /** Such as `metrics.rmse desc`; newest first when left out. */
  readonly orderBy?: readonly string[] | undefined
  readonly limit: number
  readonly offset?: number
}

export interface RunPageRequest extends Omit<RunSearch, 'offset'> {
  /** The `next` of the page before. */
  readonly after?: string | undefined
}

/** Up to so many of the newest runs are found by an index and read within some milliseconds: not worth a thread. */
const smallPage = 100

/** Finding runs. Parsed and checked here, so that a wrong filter costs no thread. */
export function createSearchService({ database }: { readonly database: Database }) {
  const { engine } = database
  const query = database.query.withTables<TrackingTables>()

  const runQueryOf = (search: Omit<RunSearch, 'limit' | 'offset'>): RunQuery => {
    const { experimentIds, statuses, tags, view = 'active' } = search
    const filter = parseFilter(search.filter)
    if (filter !== undefined) toCondition(filter, compareRun(engine))
    return {
      view,
      order: parseRunOrders(search.orderBy ?? []),
      ...(experimentIds === undefined ? {} : { experimentIds: experimentIds.map(experimentNumber) }),
      ...(statuses === undefined ? {} : { statuses }),
      ...(tags === undefined ? {} : { tags }),
      ...(filter === undefined ? {} : { filter }),
    }
  }

  const pageQueryOf = ({ limit, after, ...search }: RunPageRequest): RunPageQuery => {
    const runs = runQueryOf(search)
    const place = parseToken(after)
    return {
      limit,
      offset: place.offset,
      runs: place.upTo === undefined ? runs : { ...runs, upTo: place.upTo },
    }
  }

  return {
    /** A few runs, read here. */
    searchRuns: async ({ limit, offset = 0, ...search }: RunSearch): Promise<Run[]> =>
      readRuns(
        query,
        engine,
        await searchRunNumbers(query, engine, { runs: runQueryOf(search), limit, offset }),
      ),

    /** A page of runs with the token of the next one. Long reads happen beside the main thread. */
    runPage: async (
      request: RunPageRequest,
      signal?: AbortSignal,
    ): Promise<{ items: Run[]; next?: string }> => {
      const page = pageQueryOf(request)
      const { filter, order } = page.runs
      const isSmall = page.limit <= smallPage && filter === undefined && order.length === 0
      const { items, next } = isSmall
        ? await runPageRead.readRuns(database.query, engine, page)
        : await database.readAside<typeof runPageRead.readRuns>(
            { module: import.meta.resolve('#lifecycle/tracking/run-page-read'), name: 'readRuns' },
            page,
            signal,
          )
      return next === undefined ? { items } : { items, next: tokenOf(next) }
    },

    /** The datasets that runs of the experiments used; at most 1000. */
    searchDatasets: (experimentIds: readonly string[]): Promise<DatasetSummary[]> =>
      searchDatasets(query, experimentIds.map(experimentNumber)),

    /**
     * A page of runs in the form that the function at `place` gives it, beside the main thread (see `readRunPage` in
     * `reads.ts`). For answers so large that their form must be made there.
     */
    runPageAs: <Read extends ReadFunction<RunPageQuery, unknown>>(
      place: ReadPlace,
      request: RunPageRequest,
      signal?: AbortSignal,
    ): Promise<Awaited<ReturnType<Read>>> => database.readAside<Read>(place, pageQueryOf(request), signal),
  }
}

function experimentNumber(id: string): number {
  if (/^\d{1,15}$/.test(id)) return Number(id)
  return fail('invalid_input', `Invalid experiment ID '${id.slice(0, 60)}': ids are whole numbers.`, {
    at: 'experimentIds',
  })
}
