import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Engine } from '#platform/database/index'
import { toCondition, type Filter } from '#platform/filter/index'
import type { LifecycleView, RunStatus } from './contract.ts'
import { compareRun } from './run-filter.ts'
import { orderOfRuns, type RunOrder } from './run-order.ts'
import type { TrackingTables } from './tables.ts'

/** Which runs: plain data, so that it can cross to another thread. */
export interface RunQuery {
  /** None given: every active experiment. */
  readonly experimentIds?: readonly number[]
  readonly statuses?: readonly RunStatus[]
  /** Tags that a run must have, with these values. */
  readonly tags?: Readonly<Record<string, string>>
  readonly filter?: Filter
  readonly view: LifecycleView
  readonly order: readonly RunOrder[]
  /** Only runs that were there when the first page was read, so that new ones do not shift the pages after it. */
  readonly upTo?: number
}

/** The numbers of the runs of one page, in order. What belongs to the runs is read after, for the page only. */
export async function searchRunNumbers(
  query: Kysely<TrackingTables>,
  engine: Engine,
  { runs, limit, offset }: { runs: RunQuery; limit: number; offset: number },
): Promise<number[]> {
  const { experimentIds, statuses, upTo, filter } = runs
  if (experimentIds?.length === 0 || statuses?.length === 0) return []
  const conditions = [
    experimentIds === undefined
      ? sql`r.experiment_id in (select id from experiments where lifecycle_stage = 'active')`
      : experimentIn(experimentIds, engine),
    ...(runs.view === 'all' ? [] : [sql`r.lifecycle_stage = ${runs.view}`]),
    ...(statuses === undefined ? [] : [sql`r.status in (${sql.join(statuses)})`]),
    ...Object.entries(runs.tags ?? {}).map(
      ([key, value]) =>
        sql`exists (select 1 from run_tags t where t.run_number = r.number and t.key = ${key} and t.value = ${value})`,
    ),
    ...(upTo === undefined ? [] : [sql`r.number <= ${upTo}`]),
    ...(filter === undefined ? [] : [toCondition(filter, compareRun(engine))]),
  ]
  const { joins, terms } = orderOfRuns(runs.order, engine)
  const { rows } = await sql<{ number: number }>`
    select r.number from runs r ${joins}
    where ${sql.join(conditions, sql` and `)}
    order by ${terms} limit ${limit} offset ${offset}`.execute(query)
  return rows.map(({ number }) => number)
}

export async function newestRunNumber(query: Kysely<TrackingTables>): Promise<number> {
  const { rows } = await sql<{ number: number | null }>`select max(number) as number from runs`.execute(query)
  return rows[0]?.number ?? 0
}

/** One parameter however many there are: a statement takes some thousands at the most. */
function experimentIn(ids: readonly number[], engine: Engine): RawBuilder<unknown> {
  if (ids.length === 1) return sql`r.experiment_id = ${ids[0]}`
  return engine === 'postgres'
    ? sql`r.experiment_id = any(${ids}::bigint[])`
    : sql`r.experiment_id in (select value from json_each(${JSON.stringify(ids)}))`
}
