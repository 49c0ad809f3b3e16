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
 * and on PostgreSQL the work leaves this process. Both engines write doubles with the 17 digits that bring them back
 * exactly.
 */
export async function readRunTexts(
  query: Kysely<TrackingTables>,
  engine: Engine,
  numbers: readonly number[],
): Promise<RunText[]> {
  if (numbers.length === 0) return []
  const json = jsonOf(engine)
  const pairsOf = (table: string): RawBuilder<unknown> =>
    sql`(select ${json.list(sql`p.key`, json.object(sql`'key', p.key, 'value', p.value`))}
      from ${sql.table(table)} p where p.run_number = r.number)`
  const metricKey = sql`(select k.key from metric_keys k where k.id = m.key_id)`
  const { rows } = await sql<Omit<RunText, 'inputs' | 'inputModels' | 'outputs'>>`
    select r.number, r.id, r.name, r.status, r.experiment_id, r.user_name, r.started_at, r.ended_at,
      r.lifecycle_stage, r.artifact_uri,
      ${pairsOf('run_params')} as params, ${pairsOf('run_tags')} as tags,
      (select ${json.list(
        sql`m.key_id`,
        json.object(
          sql`'key', ${metricKey}, 'value', ${json.double}, 'timestamp', m.timestamp, 'step', m.step`,
        ),
      )} from latest_metrics m where m.run_number = r.number) as metrics
    from ${json.numbers(numbers)} join runs r on r.number = n.number order by n.place`.execute(query)
  const [datasets, models] = [await datasetsOf(query, json, numbers), await modelsOf(query, json, numbers)]
  return rows.map((row) => {
    const ofRun = models.get(row.number) ?? []
    return {
      ...row,
      inputs: datasets.get(row.number) ?? [],
      inputModels: ofRun.filter(({ direction }) => direction === 'input').map(({ model_id }) => model_id),
      outputs: ofRun
        .filter(({ direction }) => direction === 'output')
        .map(({ model_id, step }) => ({ modelId: model_id, step })),
    }
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

type Json = ReturnType<typeof jsonOf>

/** The engines' words for the same JSON, and for a list of numbers with their places as one parameter. */
function jsonOf(engine: Engine) {
  if (engine === 'postgres') {
    return {
      object: (fields: RawBuilder<unknown>) => sql`json_build_object(${fields})`,
      list: (order: RawBuilder<unknown>, item: RawBuilder<unknown>) =>
        sql`coalesce(json_agg(${item} order by ${order})::text, '[]')`,
      double: sql`case m.is_nan when 1 then to_json('NaN'::text) else to_json(m.value) end`,
      numbers: (numbers: readonly number[]) =>
        sql`unnest(${numbers}::bigint[]) with ordinality as n(number, place)`,
    }
  }
  return {
    object: (fields: RawBuilder<unknown>) => sql`json_object(${fields})`,
    list: (_order: RawBuilder<unknown>, item: RawBuilder<unknown>) => sql`json_group_array(${item})`,
    double: sql`case m.is_nan when 1 then 'NaN' else m.value end`,
    numbers: (numbers: readonly number[]) =>
      sql`(select value as number, key as place from json_each(${JSON.stringify(numbers)})) n`,
  }
}

async function datasetsOf(
  query: Kysely<TrackingTables>,
  { numbers: listed }: Json,
  numbers: readonly number[],
): Promise<Map<number, DatasetInput[]>> {
  const { rows } = await sql<
    Omit<TrackingTables['input_datasets'], 'number'> & TrackingTables['run_datasets']
  >`
    select u.run_number, u.context, u.tags, d.name, d.digest, d.source_type, d.source, d.schema, d.profile
    from ${listed(numbers)} join run_datasets u on u.run_number = n.number
      join input_datasets d on d.number = u.dataset_number
    order by u.run_number, u.dataset_number`.execute(query)
  const found = new Map<number, DatasetInput[]>()
  for (const row of rows) addTo(found, row.run_number, toDatasetInput(row))
  return found
}

type ModelRow = TrackingTables['run_models']

async function modelsOf(
  query: Kysely<TrackingTables>,
  { numbers: listed }: Json,
  numbers: readonly number[],
): Promise<Map<number, ModelRow[]>> {
  const { rows } = await sql<ModelRow>`
    select m.run_number, m.direction, m.model_id, m.step
    from ${listed(numbers)} join run_models m on m.run_number = n.number
    order by m.run_number, m.step, m.model_id`.execute(query)
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
