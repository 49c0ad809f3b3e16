import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Engine } from '#platform/database/index'
import type { DatasetInput, ModelOutput } from './contract.ts'
import type { TrackingTables } from './tables.ts'

/** A run with what was logged to it as JSON text, in which most of it leaves again. */
export interface RunText extends Pick<
  TrackingTables['runs'],
  | 'id'
  | 'name'
  | 'status'
  | 'experiment_id'
  | 'user_name'
  | 'started_at'
  | 'ended_at'
  | 'lifecycle_stage'
  | 'artifact_uri'
> {
  readonly number: number
  /** `[{"key": …, "value": …}]`, as `tags`. */
  readonly params: string
  readonly tags: string
  /** `[{"key": …, "value": …, "timestamp": …, "step": …}]`, the latest point of each; NaN is the text "NaN". */
  readonly metrics: string
  readonly inputs: readonly DatasetInput[]
  readonly inputModels: readonly string[]
  readonly outputs: readonly ModelOutput[]
}

/**
 * Reads whole runs in the order of the numbers.
 *
 * The engine writes the JSON of params, tags and metrics. In a profile of a page of 10,000 runs with 25 values each, making
 * 250,000 row objects and their texts took two thirds of the time; one text for each kind and run takes a third of that,
 * and on PostgreSQL the work leaves this process. There, one statement over all runs of a chunk takes a third of the time
 * of a subquery for each, and text put together half of the time of `json_agg`. Both engines write doubles with the digits
 * that bring them back exactly.
 */
export async function readRunTexts(
  query: Kysely<TrackingTables>,
  engine: Engine,
  numbers: readonly number[],
): Promise<RunText[]> {
  if (numbers.length === 0) return []
  const chunk = { engine, listed: listedOf(engine, numbers) }
  // One after the other: they share one connection, so that they see one moment.
  const runs = await infoOf(query, chunk)
  const params = await pairsOf(query, 'run_params', chunk)
  const tags = await pairsOf(query, 'run_tags', chunk)
  const metrics = await metricsOf(query, chunk)
  const datasets = await datasetsOf(query, chunk)
  const models = await modelsOf(query, chunk)
  return numbers.flatMap((number) => {
    const run = runs.get(number)
    if (run === undefined) return []
    const ofRun = models.get(number) ?? []
    return [
      {
        ...run,
        params: params.get(number) ?? '[]',
        tags: tags.get(number) ?? '[]',
        metrics: metrics.get(number) ?? '[]',
        inputs: datasets.get(number) ?? [],
        inputModels: ofRun.filter(({ direction }) => direction === 'input').map(({ model_id }) => model_id),
        outputs: ofRun
          .filter(({ direction }) => direction === 'output')
          .map(({ model_id, step }) => ({ modelId: model_id, step })),
      },
    ]
  })
}

/** About how much memory a run takes. */
export function textLengthOf({ params, tags, metrics, inputs }: RunText): number {
  const ofInputs = inputs.reduce(
    (sum, { source, schema = '', profile = '' }) => sum + source.length + schema.length + profile.length,
    0,
  )
  return 500 + params.length + tags.length + metrics.length + ofInputs
}

interface Chunk {
  readonly engine: Engine
  /** The numbers of the runs, as a relation with one column. */
  readonly listed: RawBuilder<unknown>
}

/** One parameter, and one text of the statement, however many there are. */
function listedOf(engine: Engine, numbers: readonly number[]): RawBuilder<unknown> {
  return engine === 'postgres'
    ? sql`(select unnest(${numbers}::bigint[]))`
    : sql`(select value from json_each(${JSON.stringify(numbers)}))`
}

type RunInfo = Omit<RunText, 'params' | 'tags' | 'metrics' | 'inputs' | 'inputModels' | 'outputs'>

async function infoOf(query: Kysely<TrackingTables>, { listed }: Chunk): Promise<Map<number, RunInfo>> {
  const { rows } = await sql<RunInfo>`
    select number, id, name, status, experiment_id, user_name, started_at, ended_at, lifecycle_stage, artifact_uri
    from runs where number in ${listed}`.execute(query)
  return new Map(rows.map((row) => [row.number, row]))
}

async function pairsOf(
  query: Kysely<TrackingTables>,
  name: 'run_params' | 'run_tags',
  { engine, listed }: Chunk,
): Promise<Map<number, string>> {
  const table = sql.table(name)
  return textsOf(
    query,
    engine === 'postgres'
      ? sql`select run_number, '[' || string_agg(item, ',') || ']' as text from (
          select run_number, '{"key":' || to_json(key) || ',"value":' || to_json(value) || '}' as item
          from ${table} where run_number in ${listed} order by run_number, key
        ) as items group by run_number`
      : sql`select run_number, json_group_array(json_object('key', key, 'value', value)) as text
        from ${table} where run_number in ${listed} group by run_number`,
  )
}

async function metricsOf(
  query: Kysely<TrackingTables>,
  { engine, listed }: Chunk,
): Promise<Map<number, string>> {
  return textsOf(
    query,
    engine === 'postgres'
      ? sql`select run_number, '[' || string_agg(item, ',') || ']' as text from (
          select m.run_number, '{"key":' || to_json(k.key)
            || ',"value":' || case m.is_nan when 1 then '"NaN"' else m.value::text end
            || ',"timestamp":' || m.timestamp || ',"step":' || m.step || '}' as item
          from latest_metrics m join metric_keys k on k.id = m.key_id
          where m.run_number in ${listed} order by m.run_number, m.key_id
        ) as items group by run_number`
      : sql`select run_number, json_group_array(json_object(
            'key', (select k.key from metric_keys k where k.id = m.key_id),
            'value', case m.is_nan when 1 then 'NaN' else m.value end,
            'timestamp', m.timestamp, 'step', m.step)) as text
        from latest_metrics m where m.run_number in ${listed} group by m.run_number`,
  )
}

async function textsOf(
  query: Kysely<TrackingTables>,
  select: RawBuilder<unknown>,
): Promise<Map<number, string>> {
  const { rows } = await (select as RawBuilder<{ run_number: number; text: string }>).execute(query)
  return new Map(rows.map(({ run_number, text }) => [run_number, text]))
}

async function datasetsOf(
  query: Kysely<TrackingTables>,
  { listed }: Chunk,
): Promise<Map<number, DatasetInput[]>> {
  const { rows } = await sql<
    Omit<TrackingTables['input_datasets'], 'number'> & TrackingTables['run_datasets']
  >`
    select u.run_number, u.context, u.tags, d.name, d.digest, d.source_type, d.source, d.schema, d.profile
    from run_datasets u join input_datasets d on d.number = u.dataset_number
    where u.run_number in ${listed} order by u.run_number, u.dataset_number`.execute(query)
  const found = new Map<number, DatasetInput[]>()
  for (const row of rows) addTo(found, row.run_number, toDatasetInput(row))
  return found
}

type ModelRow = TrackingTables['run_models']

async function modelsOf(query: Kysely<TrackingTables>, { listed }: Chunk): Promise<Map<number, ModelRow[]>> {
  const { rows } = await sql<ModelRow>`
    select run_number, direction, model_id, step from run_models
    where run_number in ${listed} order by run_number, step, model_id`.execute(query)
  const found = new Map<number, ModelRow[]>()
  for (const row of rows) addTo(found, row.run_number, row)
  return found
}

function addTo<Item>(lists: Map<number, Item[]>, number: number, item: Item): void {
  const list = lists.get(number)
  if (list === undefined) lists.set(number, [item])
  else list.push(item)
}

function toDatasetInput(
  row: Omit<TrackingTables['input_datasets'], 'number'> & TrackingTables['run_datasets'],
): DatasetInput {
  return {
    name: row.name,
    digest: row.digest,
    sourceType: row.source_type,
    source: row.source,
    ...(row.schema === null ? {} : { schema: row.schema }),
    ...(row.profile === null ? {} : { profile: row.profile }),
    ...(row.context === null ? {} : { context: row.context }),
    tags: JSON.parse(row.tags) as Record<string, string>,
  }
}
