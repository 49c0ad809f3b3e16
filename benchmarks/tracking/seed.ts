import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import type { TrackingServer } from './tracking-server.ts'

export interface Seed {
  readonly experimentId: number
  readonly runs: number
  /** Points of the metric `loss` of each run. */
  readonly pointsPerRun: number
  /** So many runs are there already. */
  readonly from?: number
}

const keysPerRun = 10
const firstTime = 1_700_000_000_000
const firstId = 0xabc0_0000_0000

/** The id of the n-th seeded run. */
export function seededRunId(place: number): string {
  return (firstId + place).toString(16).padStart(32, '0')
}

interface Store {
  readonly engine: 'sqlite' | 'postgres'
  execute(sql: string): Promise<void>
  number(sql: string): Promise<number>
  close(): Promise<void>
}

/**
 * Fills the stopped server's own store with finished runs, each with ten params, ten metrics and five tags, straight into
 * the tables that the server has made: through its API it would take some servers an hour.
 */
export async function seedRuns(server: TrackingServer, seed: Seed): Promise<void> {
  const store = server.store.startsWith('postgres')
    ? await postgresStore(server.store)
    : sqliteStore(server.store)
  try {
    await { devmlops: seedDevmlops, mlflow: seedMlflow, fasttrackml: seedFasttrackml }[server.kind](
      store,
      seed,
    )
    if (store.engine === 'postgres') await store.execute('vacuum analyze')
    else await store.execute('analyze; pragma wal_checkpoint(truncate)')
  } finally {
    await store.close()
  }
}

async function seedDevmlops(store: Store, seed: Seed): Promise<void> {
  const { experimentId } = seed
  const first = (await store.number('select coalesce(max(number), 0) + 1 from runs')) - (seed.from ?? 0)
  await store.execute(`insert into runs (number, id, experiment_id, name, status, user_name, started_at, ended_at,
      lifecycle_stage, deleted_at, artifact_uri)
    select ${first} + i, ${runId(store)}, ${experimentId}, 'run-' || i, 'FINISHED', 'ada', ${firstTime} + i,
      ${firstTime} + i + 1000, 'active', null, 'mlflow-artifacts:/${experimentId}/' || ${runId(store)} || '/artifacts'
    from ${series(store, seed)}`)
  await store.execute(`insert into run_params (run_number, key, value)
    select ${first} + i, 'param_' || k, ${paramValue} from ${series(store, seed)}, ${keys(store)}`)
  await store.execute(`insert into run_tags (run_number, key, value)
    select ${first} + i, t.key, t.value || i from ${series(store, seed)}, ${tags}`)
  await store.execute(`insert into metric_keys (key)
    select 'metric_' || k from ${keys(store)} where true on conflict do nothing`)
  await store.execute(`insert into metric_keys (key) values ('loss') on conflict do nothing`)
  for (const table of ['metrics', 'latest_metrics']) {
    await store.execute(`insert into ${table} (run_number, key_id, timestamp, step, value, is_nan)
      select ${first} + i, m.id, ${firstTime} + i, 1, ${metricValue}, 0 from ${series(store, seed)}, ${keys(store)}
      join metric_keys m on m.key = 'metric_' || k`)
  }
  const loss = await store.number(`select id from metric_keys where key = 'loss'`)
  if (seed.pointsPerRun > 0) {
    await store.execute(`insert into metrics (run_number, key_id, timestamp, step, value, is_nan)
      select ${first} + i, ${loss}, ${firstTime} + s, s, s / 7.0, 0 from ${series(store, seed)}, ${points(store, seed)}`)
    await store.execute(`insert into latest_metrics (run_number, key_id, timestamp, step, value, is_nan)
      select ${first} + i, ${loss}, ${firstTime + seed.pointsPerRun - 1}, ${seed.pointsPerRun - 1},
        ${seed.pointsPerRun - 1} / 7.0, 0 from ${series(store, seed)}`)
  }
  if (store.engine === 'postgres') {
    await store.execute(
      `select setval(pg_get_serial_sequence('runs', 'number'), (select max(number) from runs))`,
    )
  }
}

async function seedMlflow(store: Store, seed: Seed): Promise<void> {
  const { experimentId } = seed
  const no = store.engine === 'postgres' ? 'false' : '0'
  await store.execute(`insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status,
      start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)
    select ${runId(store)}, 'run-' || i, 'UNKNOWN', '', '', 'ada', 'FINISHED', ${firstTime} + i, ${firstTime} + i + 1000,
      '', 'active', 'mlflow-artifacts:/${experimentId}/' || ${runId(store)} || '/artifacts', ${experimentId}
    from ${series(store, seed)}`)
  await store.execute(`insert into params (key, value, run_uuid)
    select 'param_' || k, ${paramValue}, ${runId(store)} from ${series(store, seed)}, ${keys(store)}`)
  await store.execute(`insert into tags (key, value, run_uuid)
    select t.key, t.value || i, ${runId(store)} from ${series(store, seed)}, ${tags}`)
  for (const table of ['metrics', 'latest_metrics']) {
    await store.execute(`insert into ${table} (key, value, timestamp, step, is_nan, run_uuid)
      select 'metric_' || k, ${metricValue}, ${firstTime} + i, 1, ${no}, ${runId(store)}
      from ${series(store, seed)}, ${keys(store)}`)
  }
}

async function seedFasttrackml(store: Store, seed: Seed): Promise<void> {
  const { experimentId } = seed
  await store.execute(`insert into contexts (json) select '{}' where not exists (select 1 from contexts)`)
  const context = await store.number('select min(id) from contexts')
  await store.execute(`insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status,
      start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id, row_num)
    select ${runId(store)}, 'run-' || i, 'UNKNOWN', '', '', 'ada', 'FINISHED', ${firstTime} + i, ${firstTime} + i + 1000,
      '', 'active', 'artifacts/' || ${runId(store)}, ${experimentId}, i + 1000 from ${series(store, seed)}`)
  await store.execute(`insert into params (key, value_str, run_uuid)
    select 'param_' || k, ${paramValue}, ${runId(store)} from ${series(store, seed)}, ${keys(store)}`)
  await store.execute(`insert into tags (key, value, run_uuid)
    select t.key, t.value || i, ${runId(store)} from ${series(store, seed)}, ${tags}`)
  const metrics = [
    ['metrics', 'iter'],
    ['latest_metrics', 'last_iter'],
  ]
  for (const [table, iteration] of metrics) {
    await store.execute(`insert into ${table} (key, value, timestamp, step, is_nan, run_uuid, ${iteration}, context_id)
      select 'metric_' || k, ${metricValue}, ${firstTime} + i, 1, 0, ${runId(store)}, 1, ${context}
      from ${series(store, seed)}, ${keys(store)}`)
  }
}

const paramValue = `cast((i * 37 + k * 11) % 1000 as text)`
const metricValue = `((i * 7919 + k * 104729) % 100003) / 100003.0`
const tags = `(select 'mlflow.runName' as key, 'run-' as value union all select 'mlflow.user', 'ada-'
  union all select 'mlflow.source.name', 'train.py-' union all select 'mlflow.source.type', 'LOCAL-'
  union all select 'team', 'ops-') as t`

function runId({ engine }: Store): string {
  const number = `(${firstId} + i)`
  return engine === 'postgres' ? `lpad(to_hex(${number}::bigint), 32, '0')` : `printf('%032x', ${number})`
}

function series(store: Store, { runs, from = 0 }: Seed): string {
  return numbers(store, { name: 'i', first: from, last: from + runs - 1 })
}

function points(store: Store, { pointsPerRun }: Seed): string {
  return numbers(store, { name: 's', first: 0, last: pointsPerRun - 1 })
}

function keys(store: Store): string {
  return numbers(store, { name: 'k', first: 0, last: keysPerRun - 1 })
}

function numbers(
  { engine }: Store,
  { name, first, last }: { name: string; first: number; last: number },
): string {
  if (engine === 'postgres') return `generate_series(${first}::bigint, ${last}) as of_${name}(${name})`
  return `(with recursive counted(${name}) as (select ${first} union all select ${name} + 1 from counted
    where ${name} < ${last}) select ${name} from counted) as of_${name}`
}

function sqliteStore(path: string): Store {
  const database = new DatabaseSync(path)
  // Filled once, then measured: nobody would miss it.
  database.exec('pragma synchronous = off; pragma cache_size = -200000')
  return {
    engine: 'sqlite',
    execute: async (sql) => database.exec(sql),
    number: async (sql) => Number(Object.values(database.prepare(sql).get() ?? {})[0]),
    close: async () => database.close(),
  }
}

async function postgresStore(url: string): Promise<Store> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    engine: 'postgres',
    execute: async (sql) => void (await client.query(sql)),
    number: async (sql) =>
      Number(Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0]),
    close: () => client.end(),
  }
}
