import { sql, type Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import type { LoggedModel, ModelMetric } from './logged-model.ts'
import type { LoggedModelRow } from './logged-model-store.ts'
import { toMetric } from './metric-store.ts'
import { numberIn } from './run-store.ts'
import type { TrackingTables } from './tables.ts'

/** A checkpoint that is measured at every step would else be megabytes in every page of a search. */
const pointsOfMetric = 1000

/** Reads whole logged models in the order of the numbers: one statement for each kind of thing. */
export async function readLoggedModels(
  query: Kysely<TrackingTables>,
  engine: Engine,
  numbers: readonly number[],
): Promise<LoggedModel[]> {
  if (numbers.length === 0) return []
  const ofModels = numberIn(engine, 'model_number', numbers)
  const [rows, params, tags, metrics] = await Promise.all([
    query
      .selectFrom('logged_models')
      .selectAll()
      .where(numberIn(engine, 'number', numbers))
      .execute(),
    query.selectFrom('logged_model_params').selectAll().where(ofModels).orderBy('key').execute(),
    query.selectFrom('logged_model_tags').selectAll().where(ofModels).orderBy('key').execute(),
    readMetrics(query, engine, numbers),
  ])
  const byNumber = new Map(rows.map((row) => [row.number, row]))
  const paramsOf = Map.groupBy(params, (row) => row.model_number)
  const tagsOf = Map.groupBy(tags, (row) => row.model_number)
  const metricsOf = Map.groupBy(metrics, (row) => row.model_number)
  return numbers.flatMap((number) => {
    const row = byNumber.get(number)
    if (row === undefined) return []
    return [
      {
        ...head(row),
        params: textMap(paramsOf.get(number)),
        tags: textMap(tagsOf.get(number)),
        metrics: (metricsOf.get(number) ?? []).map((metric) => toModelMetric(row.id, metric)),
      },
    ]
  })
}

type MetricRow = Omit<TrackingTables['logged_model_metrics'], 'key_id' | 'run_number'> & {
  key: string
  run_id: string
}

async function readMetrics(
  query: Kysely<TrackingTables>,
  engine: Engine,
  numbers: readonly number[],
): Promise<MetricRow[]> {
  const { rows } = await sql<MetricRow>`
    select p.model_number, k.key, r.id as run_id, p.timestamp, p.step, p.value, p.is_nan,
      p.dataset_name, p.dataset_digest
    from (
      select *, row_number() over (
        partition by model_number, key_id order by timestamp desc, step desc, run_number) as place
      from logged_model_metrics where ${numberIn(engine, 'model_number', numbers)}
    ) as p
    join metric_keys k on k.id = p.key_id
    join runs r on r.number = p.run_number
    where p.place <= ${pointsOfMetric}
    order by p.model_number, k.key, p.timestamp, p.step, p.run_number, p.dataset_name, p.value`.execute(query)
  return rows
}

function toModelMetric(modelId: string, row: MetricRow): ModelMetric {
  return {
    ...toMetric(row.key, row),
    modelId,
    runId: row.run_id,
    ...(row.dataset_name === '' ? {} : { datasetName: row.dataset_name }),
    ...(row.dataset_digest === '' ? {} : { datasetDigest: row.dataset_digest }),
  }
}

function head(row: LoggedModelRow) {
  return {
    id: row.id,
    experimentId: String(row.experiment_id),
    name: row.name,
    modelType: row.model_type ?? undefined,
    sourceRunId: row.source_run_id ?? undefined,
    status: row.status,
    statusMessage: row.status_message ?? undefined,
    lifecycleStage: row.lifecycle_stage,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    artifactUri: row.artifact_uri,
  }
}

/** By entries, not by assignment: a key may be `__proto__`. */
function textMap(rows: readonly { key: string; value: string }[] = []): Record<string, string> {
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}
