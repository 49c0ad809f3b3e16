import type { Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import type { DatasetInput, LifecycleStage, ModelOutput, RunStatus } from './contract.ts'
import { toMetric, type Metric } from './metric-store.ts'
import { numberIn, type RunRow } from './run-store.ts'
import type { TrackingTables } from './tables.ts'

/** A run with all that was logged to it; of each metric the latest point. */
export interface Run {
  readonly id: string
  readonly name: string
  readonly experimentId: string
  readonly status: RunStatus
  readonly user: string
  /** Epoch milliseconds; MLflow's clients may leave it out. */
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly lifecycleStage: LifecycleStage
  readonly artifactUri: string
  readonly params: Readonly<Record<string, string>>
  readonly metrics: readonly Metric[]
  readonly tags: Readonly<Record<string, string>>
  readonly inputs: readonly DatasetInput[]
  readonly inputModels: readonly string[]
  readonly outputs: readonly ModelOutput[]
}

/** Reads whole runs in the order of the numbers: one statement for each kind of thing, however many runs. */
export async function readRuns(
  query: Kysely<TrackingTables>,
  engine: Engine,
  numbers: readonly number[],
): Promise<Run[]> {
  if (numbers.length === 0) return []
  const ofRuns = numberIn(engine, 'run_number', numbers)
  const [runRows, paramRows, tagRows, metricRows, datasetRows, modelRows] = await Promise.all([
    query
      .selectFrom('runs')
      .selectAll()
      .where(numberIn(engine, 'number', numbers))
      .execute(),
    query.selectFrom('run_params').selectAll().where(ofRuns).orderBy('run_number').orderBy('key').execute(),
    query.selectFrom('run_tags').selectAll().where(ofRuns).orderBy('run_number').orderBy('key').execute(),
    query
      .selectFrom('latest_metrics')
      .innerJoin('metric_keys', 'metric_keys.id', 'latest_metrics.key_id')
      .select(['run_number', 'metric_keys.key', 'value', 'is_nan', 'timestamp', 'step'])
      .where(ofRuns)
      .orderBy('run_number')
      .orderBy('key_id')
      .execute(),
    query
      .selectFrom('run_datasets')
      .innerJoin('input_datasets', 'input_datasets.number', 'run_datasets.dataset_number')
      .selectAll()
      .where(ofRuns)
      .orderBy('run_number')
      .orderBy('dataset_number')
      .execute(),
    query
      .selectFrom('run_models')
      .selectAll()
      .where(ofRuns)
      .orderBy('run_number')
      .orderBy('step')
      .orderBy('model_id')
      .execute(),
  ])
  const runs = new Map(runRows.map((row) => [row.number, row]))
  const params = byRun(paramRows)
  const tags = byRun(tagRows)
  const metrics = byRun(metricRows)
  const datasets = byRun(datasetRows)
  const models = byRun(modelRows)
  return numbers.flatMap((number) => {
    const row = runs.get(number)
    if (row === undefined) return []
    const ofRun = models.get(number) ?? []
    return [
      {
        ...head(row),
        params: textMap(params.get(number)),
        metrics: (metrics.get(number) ?? []).map((point) => toMetric(point.key, point)),
        tags: textMap(tags.get(number)),
        inputs: (datasets.get(number) ?? []).map(toDatasetInput),
        inputModels: ofRun.filter(({ direction }) => direction === 'input').map(({ model_id }) => model_id),
        outputs: ofRun
          .filter(({ direction }) => direction === 'output')
          .map(({ model_id, step }) => ({ modelId: model_id, step })),
      },
    ]
  })
}

function head(row: RunRow) {
  return {
    id: row.id,
    name: row.name,
    experimentId: String(row.experiment_id),
    status: row.status,
    user: row.user_name,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    lifecycleStage: row.lifecycle_stage,
    artifactUri: row.artifact_uri,
  }
}

function byRun<Row extends { readonly run_number: number }>(rows: readonly Row[]): Map<number, Row[]> {
  return Map.groupBy(rows, (row) => row.run_number)
}

/** By entries, not by assignment: a key may be `__proto__`. */
function textMap(rows: readonly { key: string; value: string }[] = []): Record<string, string> {
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
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
