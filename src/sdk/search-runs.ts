import type { LifecycleView, RunDocument, RunStatus } from '#lifecycle/tracking/contract'
import type { TrackingClient } from './delivery.ts'
import { experimentIdsOf } from './experiment-id.ts'

export interface RunSearchOptions {
  /** Names; all experiments when left out. */
  readonly experiment?: string | readonly string[]
  readonly statuses?: readonly RunStatus[]
  /** Tags that a run must have, with these values. */
  readonly tags?: Readonly<Record<string, string>>
  /** Such as `metrics.roc_auc > 0.7 AND NOT tags.team IN ('a', 'b')`. */
  readonly filter?: string
  /** Such as `metrics.roc_auc desc, start_time`; newest first when left out. */
  readonly orderBy?: string
  readonly view?: LifecycleView
  /** How many at the most; all when left out. */
  readonly limit?: number
  /** How many are asked for at once; 200 when left out. */
  readonly pageSize?: number
}

/** Run by run, a page at a time: the next page is asked for when it is needed. */
export async function* searchRuns(
  tracking: TrackingClient,
  { experiment, statuses, tags, filter, orderBy, view, limit = Infinity, pageSize = 200 }: RunSearchOptions,
): AsyncGenerator<RunDocument, void, undefined> {
  const names = typeof experiment === 'string' ? [experiment] : experiment
  const search = {
    ...(names === undefined ? {} : { experimentIds: await experimentIdsOf(tracking, names) }),
    ...(statuses === undefined ? {} : { statuses: [...statuses] }),
    ...(tags === undefined ? {} : { tags }),
    ...(filter === undefined ? {} : { filter }),
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(view === undefined ? {} : { view }),
  }
  let after: string | undefined
  for (let left = limit; left > 0;) {
    const page = await tracking.listRuns({
      ...search,
      limit: Math.min(pageSize, left),
      ...(after === undefined ? {} : { after }),
    })
    yield* page.items
    if (page.next === undefined) return
    left -= page.items.length
    after = page.next
  }
}
