import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Engine } from '#platform/database/index'
import type { LifecycleView, RunStatus } from './contract.ts'
import type { RunAttribute, RunOrder } from './run-order.ts'
import type { TrackingTables } from './tables.ts'

export interface RunFilter {
  /** None: every active experiment. */
  readonly experimentIds?: readonly number[]
  readonly statuses?: readonly RunStatus[]
  /** Tags that a run must have, with these values. */
  readonly tags?: Readonly<Record<string, string>>
  readonly view: LifecycleView
}

export interface RunPage {
  readonly order: RunOrder | undefined
  readonly limit: number
  readonly offset: number
}

/** The numbers of the runs of one page, in order. What belongs to the runs is read after, for the page only. */
export async function searchRunNumbers(
  query: Kysely<TrackingTables>,
  engine: Engine,
  { filter, page }: { filter: RunFilter; page: RunPage },
): Promise<number[]> {
  const conditions = [
    filter.experimentIds === undefined
      ? sql`r.experiment_id in (select id from experiments where lifecycle_stage = 'active')`
      : sql`r.experiment_id in (${sql.join(filter.experimentIds)})`,
    ...(filter.view === 'all' ? [] : [sql`r.lifecycle_stage = ${filter.view}`]),
    ...(filter.statuses === undefined ? [] : [sql`r.status in (${sql.join(filter.statuses)})`]),
    ...Object.entries(filter.tags ?? {}).map(
      ([key, value]) =>
        sql`exists (select 1 from run_tags t where t.run_number = r.number and t.key = ${key} and t.value = ${value})`,
    ),
  ]
  const order = page.order === undefined ? undefined : orderOf(page.order, engine)
  const { rows } = await sql<{ number: number }>`
    select r.number from runs r ${order?.join ?? sql``}
    where ${sql.join(conditions, sql` and `)}
    order by ${order === undefined ? sql`` : sql`${order.by}, `}r.started_at desc nulls last, r.id
    limit ${page.limit} offset ${page.offset}`.execute(query)
  return rows.map(({ number }) => number)
}

const attributeColumns: Readonly<Record<RunAttribute, string>> = {
  run_id: 'id',
  run_name: 'name',
  status: 'status',
  user_id: 'user_name',
  start_time: 'started_at',
  end_time: 'ended_at',
}

function orderOf(
  { by, descending }: RunOrder,
  engine: Engine,
): { join: RawBuilder<unknown>; by: RawBuilder<unknown> } {
  const direction = sql.raw(descending ? 'desc nulls last' : 'asc nulls last')
  // SQLite compares text by its bytes; PostgreSQL does in this collation, whatever its locale.
  const bytes = sql.raw(engine === 'postgres' ? 'collate "C"' : '')
  if ('attribute' in by) {
    const column = sql.ref(`r.${attributeColumns[by.attribute]}`)
    const isText = by.attribute !== 'start_time' && by.attribute !== 'end_time'
    return { join: sql``, by: sql`${column} ${isText ? bytes : sql``} ${direction}` }
  }
  if ('metric' in by) {
    return {
      join: sql`left join latest_metrics o on o.run_number = r.number
        and o.key_id = (select id from metric_keys where key = ${by.metric})`,
      by: sql`case when o.value is null then 2 else o.is_nan end, o.value ${direction}`,
    }
  }
  const [table, key] = 'param' in by ? (['run_params', by.param] as const) : (['run_tags', by.tag] as const)
  return {
    join: sql`left join ${sql.table(table)} o on o.run_number = r.number and o.key = ${key}`,
    by: sql`o.value ${bytes} ${direction}`,
  }
}
