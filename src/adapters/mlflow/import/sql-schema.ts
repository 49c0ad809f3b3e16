import { fail } from '#contract/errors'
import type { SourceDatabase } from '#platform/database/index'

export interface SqlSchema {
  /** MLflow's own name of the schema's version. */
  readonly version: string
  has(table: string, column?: string): boolean
}

/** What is read without asking whether it is there; the rest came with later versions of MLflow. */
const required: Readonly<Record<string, readonly string[]>> = {
  experiments: ['experiment_id', 'name', 'artifact_location', 'lifecycle_stage'],
  runs: ['run_uuid', 'experiment_id', 'status', 'start_time', 'end_time', 'lifecycle_stage', 'artifact_uri'],
  metrics: ['key', 'value', 'timestamp', 'run_uuid', 'step'],
  params: ['key', 'value', 'run_uuid'],
  tags: ['key', 'value', 'run_uuid'],
}

/** What later tables must have if they are there. */
const expected: Readonly<Record<string, readonly string[]>> = {
  experiment_tags: ['experiment_id', 'key', 'value'],
  datasets: ['dataset_uuid', 'name', 'digest', 'dataset_source_type', 'dataset_source'],
  inputs: ['input_uuid', 'source_type', 'source_id', 'destination_type', 'destination_id'],
  input_tags: ['input_uuid', 'name', 'value'],
  logged_models: [
    'model_id',
    'experiment_id',
    'name',
    'artifact_location',
    'creation_timestamp_ms',
    'status',
  ],
  logged_model_metrics: [
    'model_id',
    'metric_name',
    'metric_timestamp_ms',
    'metric_step',
    'metric_value',
    'run_id',
  ],
  registered_models: ['name', 'creation_time'],
  model_versions: ['name', 'version', 'source', 'current_stage'],
  registered_model_aliases: ['name', 'alias', 'version'],
}

/**
 * Knows an MLflow database by the tables and columns that are read, not by a list of versions: a newer MLflow changes
 * tables that nobody reads here more often than these.
 */
export async function checkSqlSchema(database: SourceDatabase, place: string): Promise<SqlSchema> {
  const columns = await database.columns()
  const hint = 'Name the database that `mlflow server --backend-store-uri` or MLFLOW_TRACKING_URI names.'
  if (!columns.has('alembic_version') || !columns.has('experiments')) {
    return fail('invalid_input', `${place} is not an MLflow database: it has no table of experiments.`, {
      hint,
      at: 'source',
    })
  }
  const [row] = await database.rows('select version_num from alembic_version')
  const found = row?.['version_num']
  const version = typeof found === 'string' ? found : 'none'
  for (const [table, names] of [...Object.entries(required), ...Object.entries(expected)]) {
    const known = columns.get(table)
    if (known === undefined && !(table in required)) continue
    const missing = names.filter((name) => known?.has(name) !== true)
    if (missing.length === 0) continue
    return fail(
      'unreadable_data',
      `${place} has the schema version ${version}, which is not known: ${table} has no ${missing.join(', ')}.`,
      {
        hint: 'Run `mlflow db upgrade` on a copy of it, or import from a running `mlflow server` by its URL.',
        at: 'source',
      },
    )
  }
  return {
    version,
    has: (table, column) =>
      column === undefined ? columns.has(table) : columns.get(table)?.has(column) === true,
  }
}
