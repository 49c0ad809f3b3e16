import { sql, type Generated } from 'kysely'
import { sequenceColumnType, type Migration } from '#platform/database/index'
import { createClustered } from './clustered-table.ts'
import type { LifecycleStage } from './contract.ts'

export type LoggedModelStatus = 'PENDING' | 'READY' | 'FAILED'

type ModelKeyValue = { model_number: number; key: string; value: string }
type Artifact = { path: string; digest: string; size_bytes: number; logged_at: number }

export type LoggedModelTables = {
  logged_models: {
    number: Generated<number>
    id: string
    experiment_id: number
    name: string
    model_type: string | null
    source_run_id: string | null
    status: LoggedModelStatus
    status_message: string | null
    lifecycle_stage: LifecycleStage
    deleted_at: number | null
    created_at: number
    updated_at: number
    artifact_uri: string
  }
  logged_model_params: ModelKeyValue
  logged_model_tags: ModelKeyValue
  logged_model_metrics: {
    model_number: number
    key_id: number
    timestamp: number
    step: number
    run_number: number
    /** Empty: measured on no dataset in particular. */
    dataset_name: string
    dataset_digest: string
    value: number
    is_nan: number
  }
  logged_model_artifacts: Artifact & { model_number: number }
  /** Files below the artifact root that are neither a run's nor a logged model's. */
  loose_artifacts: Artifact
}

/** What makes two points of a model's metric one: everything about them. */
const metricKey = [
  'model_number',
  'key_id',
  'timestamp',
  'step',
  'run_number',
  'dataset_name',
  'dataset_digest',
  'value',
  'is_nan',
] as const

export const loggedModelMigrations: readonly Migration[] = [
  {
    number: 23,
    name: 'logged models and loose artifacts',
    up: async (query, engine) => {
      // Folders are ranges of paths in byte order, whatever the collation of the database is.
      const pathType = sql.raw(engine === 'postgres' ? 'text collate "C"' : 'text')
      await query.schema
        .createTable('logged_models')
        .addColumn('number', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('id', 'text', (column) => column.notNull().unique())
        .addColumn('experiment_id', 'bigint', (column) => column.notNull().references('experiments.id'))
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('model_type', 'text')
        .addColumn('source_run_id', 'text')
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('status_message', 'text')
        .addColumn('lifecycle_stage', 'text', (column) => column.notNull())
        .addColumn('deleted_at', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('artifact_uri', 'text', (column) => column.notNull())
        .execute()
      await sql`create index logged_models_newest
        on logged_models (experiment_id, lifecycle_stage, created_at desc, id)`.execute(query)
      await query.schema
        .createIndex('logged_models_source')
        .on('logged_models')
        .column('source_run_id')
        .execute()
      for (const table of ['logged_model_params', 'logged_model_tags']) {
        await createClustered(
          query.schema
            .createTable(table)
            .addColumn('model_number', 'integer', (column) => column.notNull())
            .addColumn('key', 'text', (column) => column.notNull())
            .addColumn('value', 'text', (column) => column.notNull())
            .addPrimaryKeyConstraint(`${table}_key`, ['model_number', 'key']),
          engine,
        )
      }
      await createClustered(
        query.schema
          .createTable('logged_model_metrics')
          .addColumn('model_number', 'integer', (column) => column.notNull())
          .addColumn('key_id', 'integer', (column) => column.notNull())
          .addColumn('timestamp', 'bigint', (column) => column.notNull())
          .addColumn('step', 'bigint', (column) => column.notNull())
          .addColumn('run_number', 'integer', (column) => column.notNull())
          .addColumn('dataset_name', 'text', (column) => column.notNull())
          .addColumn('dataset_digest', 'text', (column) => column.notNull())
          .addColumn('value', 'double precision', (column) => column.notNull())
          .addColumn('is_nan', sql`smallint`, (column) => column.notNull())
          .addPrimaryKeyConstraint('logged_model_metrics_key', [...metricKey]),
        engine,
      )
      await createClustered(
        query.schema
          .createTable('logged_model_artifacts')
          .addColumn('model_number', 'integer', (column) => column.notNull())
          .addColumn('path', pathType, (column) => column.notNull())
          .addColumn('digest', 'text', (column) => column.notNull())
          .addColumn('size_bytes', 'bigint', (column) => column.notNull())
          .addColumn('logged_at', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('logged_model_artifacts_key', ['model_number', 'path']),
        engine,
      )
      await createClustered(
        query.schema
          .createTable('loose_artifacts')
          .addColumn('path', pathType, (column) => column.notNull())
          .addColumn('digest', 'text', (column) => column.notNull())
          .addColumn('size_bytes', 'bigint', (column) => column.notNull())
          .addColumn('logged_at', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('loose_artifacts_key', ['path']),
        engine,
      )
      // Which rows hold some bytes: asked before bytes are reclaimed.
      for (const table of ['logged_model_artifacts', 'loose_artifacts']) {
        await query.schema.createIndex(`${table}_digest`).on(table).column('digest').execute()
      }
      if (engine === 'postgres') {
        await sql`create index run_artifacts_tree on run_artifacts (run_number, path collate "C")`.execute(
          query,
        )
      }
    },
  },
]
