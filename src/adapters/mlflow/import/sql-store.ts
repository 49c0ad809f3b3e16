import { dirname } from 'node:path'
import { fail } from '#contract/errors'
import type { DatasetInput } from '#lifecycle/tracking/index'
import type { SourceDatabase, SourceRow } from '#platform/database/index'
import { loggedModelStatusOf } from './logged-model-status.ts'
import { runStatusOf } from './run-status.ts'
import type {
  LeftBehind,
  MlflowSource,
  SourceExperiment,
  SourceLoggedModel,
  SourceModelMetric,
  SourceRegisteredModel,
  SourceRun,
  SourceVersion,
} from './source.ts'
import { checkSqlSchema, type SqlSchema } from './sql-schema.ts'

const runsAtOnce = 200
const modelsAtOnce = 200
const versionsAtOnce = 200
const redacted = /^REDACTED-/

/** A database that `mlflow server` or `sqlite:///…` wrote. Every table is read in pages of its key or as a stream. */
export async function openSqlStore(
  database: SourceDatabase,
  place: { readonly description: string; readonly path?: string },
): Promise<MlflowSource> {
  const schema = await checkSqlSchema(database, place.description)
  const { has } = schema

  return {
    description: `MLflow database ${place.description}`,
    ...(place.path === undefined ? {} : { localBase: dirname(place.path) }),
    experiments: () => readExperiments(database, schema),
    runs: (experimentId) => readRuns(database, schema, experimentId),
    points: async function* (runs) {
      const nan = has('metrics', 'is_nan') ? 'is_nan' : '0 as is_nan'
      const pages = database.pages(
        `select run_uuid, ${quoted('key')}, value, timestamp, step, ${nan} from metrics
         where run_uuid in (${marks(runs)})`,
        runs.map(({ id }) => id),
      )
      for await (const page of pages) {
        yield page.map((row) => ({
          runId: text(row, 'run_uuid'),
          key: text(row, 'key'),
          value: isTrue(row['is_nan']) ? Number.NaN : number(row, 'value'),
          timestamp: number(row, 'timestamp'),
          step: number(row, 'step'),
        }))
      }
    },
    loggedModels: (experimentId) =>
      has('logged_models') ? readLoggedModels(database, schema, experimentId) : nothing(),
    registeredModels: () => (has('registered_models') ? readModels(database, schema) : nothing()),
    versions: (model) => (has('model_versions') ? readVersions(database, schema, model) : nothing()),
    leftBehind: () => countLeftBehind(database, schema),
    close: () => database.close(),
  }
}

async function* readExperiments(
  database: SourceDatabase,
  { has }: SqlSchema,
): AsyncIterable<SourceExperiment> {
  const rows = await database.rows('select * from experiments order by experiment_id')
  for (const row of rows) {
    const id = number(row, 'experiment_id')
    const tags = has('experiment_tags')
      ? await database.rows('select * from experiment_tags where experiment_id = ?', [id])
      : []
    yield {
      id: String(id),
      name: text(row, 'name'),
      lifecycleStage: row['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
      createdAt: optionalNumber(row, 'creation_time'),
      updatedAt: optionalNumber(row, 'last_update_time'),
      tags: texts(tags),
    }
  }
}

async function* readRuns(
  database: SourceDatabase,
  schema: SqlSchema,
  experimentId: string,
): AsyncIterable<SourceRun[]> {
  let after = ''
  for (;;) {
    const rows = await database.rows(
      `select * from runs where experiment_id = ? and run_uuid > ? order by run_uuid limit ${runsAtOnce}`,
      [Number(experimentId), after],
    )
    if (rows.length === 0) return
    after = text(rows.at(-1) as SourceRow, 'run_uuid')
    yield await withDetails(database, schema, rows)
  }
}

async function withDetails(
  database: SourceDatabase,
  schema: SqlSchema,
  rows: readonly SourceRow[],
): Promise<SourceRun[]> {
  const ids = rows.map((row) => text(row, 'run_uuid'))
  const ofRuns = (sql: string) => database.rows(`${sql} (${marks(ids)})`, ids)
  const params = byKey(await ofRuns('select * from params where run_uuid in'), 'run_uuid')
  const tags = byKey(await ofRuns('select * from tags where run_uuid in'), 'run_uuid')
  const counts = byKey(
    await database.rows(
      `select run_uuid, count(*) as points from metrics where run_uuid in (${marks(ids)}) group by run_uuid`,
      ids,
    ),
    'run_uuid',
  )
  const datasets = schema.has('datasets') ? await readDatasets(database, ids) : new Map()
  const models = schema.has('inputs') ? await readModelLinks(database, schema, ids) : new Map()
  return rows.map((row) => {
    const id = text(row, 'run_uuid')
    const ownTags = texts(tags.get(id) ?? [])
    const links = models.get(id) as ModelLinks | undefined
    return {
      id,
      experimentId: String(number(row, 'experiment_id')),
      name: ownTags['mlflow.runName'] ?? optionalText(row, 'name') ?? '',
      user: optionalText(row, 'user_id') ?? ownTags['mlflow.user'] ?? '',
      status: runStatusOf(optionalText(row, 'status')),
      startedAt: optionalNumber(row, 'start_time'),
      endedAt: optionalNumber(row, 'end_time'),
      lifecycleStage: row['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
      deletedAt: optionalNumber(row, 'deleted_time'),
      artifactUri: optionalText(row, 'artifact_uri') ?? '',
      params: texts(params.get(id) ?? []),
      tags: ownTags,
      datasets: (datasets.get(id) ?? []) as DatasetInput[],
      inputModels: links?.inputs ?? [],
      outputModels: links?.outputs ?? [],
      pointsMark: String(Number(counts.get(id)?.[0]?.['points'] ?? 0)),
    }
  })
}

async function readDatasets(
  database: SourceDatabase,
  runIds: readonly string[],
): Promise<Map<string, DatasetInput[]>> {
  const rows = await database.rows(
    `select i.input_uuid, i.destination_id, d.* from inputs i join datasets d on d.dataset_uuid = i.source_id
     where i.source_type = 'DATASET' and i.destination_type = 'RUN' and i.destination_id in (${marks(runIds)})
     order by i.input_uuid`,
    runIds,
  )
  const inputs = [...new Set(rows.map((row) => text(row, 'input_uuid')))]
  const tagRows =
    inputs.length === 0
      ? []
      : await database.rows(`select * from input_tags where input_uuid in (${marks(inputs)})`, inputs)
  const tags = byKey(tagRows, 'input_uuid')
  const found = new Map<string, DatasetInput[]>()
  for (const row of rows) {
    const all = texts(tags.get(text(row, 'input_uuid')) ?? [], 'name')
    const { 'mlflow.data.context': context, ...own } = all
    const [schema, profile] = [optionalText(row, 'dataset_schema'), optionalText(row, 'dataset_profile')]
    const runId = text(row, 'destination_id')
    found.set(runId, [
      ...(found.get(runId) ?? []),
      {
        name: text(row, 'name'),
        digest: text(row, 'digest'),
        sourceType: text(row, 'dataset_source_type'),
        source: text(row, 'dataset_source'),
        ...(schema === undefined ? {} : { schema }),
        ...(profile === undefined ? {} : { profile }),
        ...(context === undefined ? {} : { context }),
        tags: own,
      },
    ])
  }
  return found
}

interface ModelLinks {
  readonly inputs: string[]
  readonly outputs: { modelId: string; step: number }[]
}

async function readModelLinks(
  database: SourceDatabase,
  { has }: SqlSchema,
  runIds: readonly string[],
): Promise<Map<string, ModelLinks>> {
  const rows = await database.rows(
    `select source_id, destination_type, destination_id, ${has('inputs', 'step') ? 'step' : '0 as step'} from inputs
     where source_type in ('RUN_INPUT', 'RUN_OUTPUT') and destination_type in ('MODEL_INPUT', 'MODEL_OUTPUT')
       and source_id in (${marks(runIds)}) order by input_uuid`,
    runIds,
  )
  const found = new Map<string, ModelLinks>()
  for (const row of rows) {
    const links = found.get(text(row, 'source_id')) ?? { inputs: [], outputs: [] }
    found.set(text(row, 'source_id'), links)
    const modelId = text(row, 'destination_id')
    if (row['destination_type'] === 'MODEL_INPUT') links.inputs.push(modelId)
    else links.outputs.push({ modelId, step: number(row, 'step') })
  }
  return found
}

async function* readLoggedModels(
  database: SourceDatabase,
  { has }: SqlSchema,
  experimentId: string,
): AsyncIterable<SourceLoggedModel[]> {
  let after = ''
  for (;;) {
    const rows = await database.rows(
      `select * from logged_models where experiment_id = ? and model_id > ? order by model_id limit ${modelsAtOnce}`,
      [Number(experimentId), after],
    )
    if (rows.length === 0) return
    const ids = rows.map((row) => text(row, 'model_id'))
    after = ids.at(-1) ?? ''
    const ofModels = async (table: string): Promise<Map<string, SourceRow[]>> =>
      has(table)
        ? byKey(
            await database.rows(`select * from ${table} where model_id in (${marks(ids)})`, ids),
            'model_id',
          )
        : new Map()
    const [params, tags, metrics] = [
      await ofModels('logged_model_params'),
      await ofModels('logged_model_tags'),
      await ofModels('logged_model_metrics'),
    ]
    yield rows.map((row) => {
      const id = text(row, 'model_id')
      return {
        id,
        experimentId,
        name: text(row, 'name'),
        modelType: optionalText(row, 'model_type'),
        status: loggedModelStatusOf(number(row, 'status')),
        statusMessage: optionalText(row, 'status_message'),
        sourceRunId: optionalText(row, 'source_run_id'),
        createdAt: number(row, 'creation_timestamp_ms'),
        updatedAt: number(row, 'last_updated_timestamp_ms'),
        deleted: row['lifecycle_stage'] === 'deleted',
        artifactUri: text(row, 'artifact_location'),
        params: texts(params.get(id) ?? [], 'param_key', 'param_value'),
        tags: texts(tags.get(id) ?? [], 'tag_key', 'tag_value'),
        metrics: (metrics.get(id) ?? []).map(toModelMetric),
      }
    })
  }
}

function toModelMetric(row: SourceRow): SourceModelMetric {
  const [datasetName, datasetDigest] = [
    optionalText(row, 'dataset_name'),
    optionalText(row, 'dataset_digest'),
  ]
  return {
    key: text(row, 'metric_name'),
    value: optionalNumber(row, 'metric_value') ?? Number.NaN,
    timestamp: number(row, 'metric_timestamp_ms'),
    step: number(row, 'metric_step'),
    runId: text(row, 'run_id'),
    ...(datasetName === undefined ? {} : { datasetName }),
    ...(datasetDigest === undefined ? {} : { datasetDigest }),
  }
}

async function* readModels(
  database: SourceDatabase,
  { has }: SqlSchema,
): AsyncIterable<SourceRegisteredModel> {
  for (const row of await database.rows('select * from registered_models order by name')) {
    const name = text(row, 'name')
    const of = async (table: string): Promise<SourceRow[]> =>
      has(table) ? database.rows(`select * from ${table} where name = ?`, [name]) : []
    const createdAt = optionalNumber(row, 'creation_time') ?? 0
    yield {
      name,
      description: optionalText(row, 'description') ?? '',
      createdAt,
      updatedAt: optionalNumber(row, 'last_updated_time') ?? createdAt,
      tags: texts(await of('registered_model_tags')),
      aliases: Object.fromEntries(
        (await of('registered_model_aliases')).map((alias) => [
          text(alias, 'alias'),
          number(alias, 'version'),
        ]),
      ),
    }
  }
}

async function* readVersions(
  database: SourceDatabase,
  { has }: SqlSchema,
  model: string,
): AsyncIterable<SourceVersion[]> {
  let after = 0
  for (;;) {
    const rows = await database.rows(
      `select * from model_versions where name = ? and version > ? order by version limit ${versionsAtOnce}`,
      [model, after],
    )
    if (rows.length === 0) return
    const numbers = rows.map((row) => number(row, 'version'))
    after = numbers.at(-1) ?? 0
    const tagRows = has('model_version_tags')
      ? await database.rows(
          `select * from model_version_tags where name = ? and version in (${marks(numbers)})`,
          [model, ...numbers],
        )
      : []
    const tags = Map.groupBy(tagRows, (row) => number(row, 'version'))
    yield rows.map((row) => {
      const version = number(row, 'version')
      const createdAt = optionalNumber(row, 'creation_time') ?? 0
      const source = optionalText(row, 'source') ?? ''
      const runId = optionalText(row, 'run_id')
      return {
        model,
        version,
        description: optionalText(row, 'description') ?? '',
        createdAt,
        updatedAt: optionalNumber(row, 'last_updated_time') ?? createdAt,
        user: optionalText(row, 'user_id'),
        stage: optionalText(row, 'current_stage') ?? 'None',
        source: redacted.test(source) ? '' : source,
        storageLocation: optionalText(row, 'storage_location'),
        runId: runId === undefined || redacted.test(runId) ? undefined : runId,
        modelId: /^models:\/(m-[0-9a-f]{32})$/.exec(source)?.[1],
        runLink: optionalText(row, 'run_link'),
        status: optionalText(row, 'status') ?? 'READY',
        statusMessage: optionalText(row, 'status_message'),
        tags: texts(tags.get(version) ?? []),
      }
    })
  }
}

async function countLeftBehind(database: SourceDatabase, { has }: SqlSchema): Promise<LeftBehind[]> {
  const tables = [
    ['trace_info', 'traces'],
    ['assessments', 'assessments of traces'],
    ['evaluation_datasets', 'evaluation datasets'],
    ['webhooks', 'webhooks'],
    ['scorers', 'scorers'],
    ['endpoints', 'gateway endpoints'],
  ] as const
  const found: LeftBehind[] = []
  for (const [table, what] of tables) {
    if (!has(table)) continue
    const [row] = await database.rows(`select count(*) as count from ${table}`)
    const count = Number(row?.['count'] ?? 0)
    if (count > 0) found.push({ what, count })
  }
  return found
}

function quoted(name: string): string {
  return `"${name}"`
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}

function byKey(rows: readonly SourceRow[], key: string): Map<string, SourceRow[]> {
  return Map.groupBy(rows, (row) => text(row, key))
}

function texts(rows: readonly SourceRow[], key = 'key', value = 'value'): Record<string, string> {
  return Object.fromEntries(rows.map((row) => [text(row, key), optionalText(row, value) ?? '']))
}

function optionalText(row: SourceRow, column: string): string | undefined {
  const value = row[column]
  return typeof value === 'string' ? value : undefined
}

function text(row: SourceRow, column: string): string {
  return optionalText(row, column) ?? ''
}

function optionalNumber(row: SourceRow, column: string): number | undefined {
  const value = row[column]
  if (value === null || value === undefined) return undefined
  return Number(value)
}

function number(row: SourceRow, column: string): number {
  const value = optionalNumber(row, column)
  if (value !== undefined && !Number.isNaN(value)) return value
  return fail('unreadable_data', `The column ${column} of the MLflow database has no number.`)
}

/** SQLite has 0 and 1, PostgreSQL truth values. */
function isTrue(value: unknown): boolean {
  return value === true || value === 1
}

async function* nothing(): AsyncIterable<never> {}
