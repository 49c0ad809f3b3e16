import { sql, type Generated } from 'kysely'
import { sequenceColumnType, type Migration } from '#platform/database/index'
import { createClustered } from './clustered-table.ts'
import type { LifecycleStage, RunStatus } from './contract.ts'
import { importMigrations, type ImportTables } from './import-tables.ts'
import { loggedModelMigrations, type LoggedModelTables } from './logged-model-tables.ts'

type KeyValue = { key: string; value: string }
type Point = {
  run_number: number
  key_id: number
  value: number
  is_nan: number
  timestamp: number
  step: number
}

export type TrackingTables = LoggedModelTables &
  ImportTables & {
    experiments: {
      id: Generated<number>
      name: string
      artifact_location: string | null
      lifecycle_stage: LifecycleStage
      created_at: number
      updated_at: number
    }
    experiment_tags: KeyValue & { experiment_id: number }
    runs: {
      number: Generated<number>
      id: string
      experiment_id: number
      name: string
      status: RunStatus
      user_name: string
      started_at: number | null
      ended_at: number | null
      lifecycle_stage: LifecycleStage
      deleted_at: number | null
      artifact_uri: string
    }
    run_params: KeyValue & { run_number: number }
    run_tags: KeyValue & { run_number: number }
    metric_keys: { id: Generated<number>; key: string }
    metrics: Point
    latest_metrics: Point
    input_datasets: {
      number: Generated<number>
      experiment_id: number
      name: string
      digest: string
      source_type: string
      source: string
      schema: string | null
      profile: string | null
    }
    run_datasets: { run_number: number; dataset_number: number; context: string | null; tags: string }
    run_models: { run_number: number; direction: 'input' | 'output'; model_id: string; step: number }
    run_artifacts: {
      run_number: number
      path: string
      digest: string
      size_bytes: number
      logged_at: number
    }
  }

/**
 * Metric points are the many: a hundred million must stay small and close together. So runs and metric names have small
 * numbers beside their texts, and the points are kept in the order of the history of one metric of one run. On SQLite
 * the table is that index (WITHOUT ROWID, about 30 bytes a point); on PostgreSQL the primary key is. The primary key is
 * also what makes identical points one point.
 */
const pointKey = ['run_number', 'key_id', 'timestamp', 'step', 'value', 'is_nan'] as const

export const trackingMigrations: readonly Migration[] = [
  {
    number: 20,
    name: 'experiments and runs',
    up: async (query, engine) => {
      await query.schema
        .createTable('experiments')
        .addColumn('id', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('artifact_location', 'text')
        .addColumn('lifecycle_stage', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute()
      await query
        .withTables<TrackingTables>()
        .insertInto('experiments')
        .values({
          id: 0,
          name: 'Default',
          artifact_location: null,
          lifecycle_stage: 'active',
          created_at: 0,
          updated_at: 0,
        })
        .execute()
      await createClustered(
        query.schema
          .createTable('experiment_tags')
          .addColumn('experiment_id', 'bigint', (column) => column.notNull())
          .addColumn('key', 'text', (column) => column.notNull())
          .addColumn('value', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('experiment_tags_key', ['experiment_id', 'key']),
        engine,
      )
      await query.schema
        .createTable('runs')
        .addColumn('number', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('id', 'text', (column) => column.notNull().unique())
        .addColumn('experiment_id', 'bigint', (column) => column.notNull().references('experiments.id'))
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('user_name', 'text', (column) => column.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('ended_at', 'bigint')
        .addColumn('lifecycle_stage', 'text', (column) => column.notNull())
        .addColumn('deleted_at', 'bigint')
        .addColumn('artifact_uri', 'text', (column) => column.notNull())
        .execute()
      // The order of a search that names none: newest first, then by id.
      // SQLite has NULL last in a descending order anyway, and does not take the words.
      const nullsLast = sql.raw(engine === 'postgres' ? ' nulls last' : '')
      await sql`create index runs_newest
        on runs (experiment_id, lifecycle_stage, started_at desc${nullsLast}, id)`.execute(query)
      for (const table of ['run_params', 'run_tags']) {
        await createClustered(
          query.schema
            .createTable(table)
            .addColumn('run_number', 'integer', (column) => column.notNull())
            .addColumn('key', 'text', (column) => column.notNull())
            .addColumn('value', 'text', (column) => column.notNull())
            .addPrimaryKeyConstraint(`${table}_key`, ['run_number', 'key']),
          engine,
        )
      }
    },
  },
  {
    number: 21,
    name: 'metrics',
    up: async (query, engine) => {
      await query.schema
        .createTable('metric_keys')
        .addColumn('id', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('key', 'text', (column) => column.notNull().unique())
        .execute()
      const points = (name: string) =>
        query.schema
          .createTable(name)
          .addColumn('run_number', 'integer', (column) => column.notNull())
          .addColumn('key_id', 'integer', (column) => column.notNull())
          .addColumn('timestamp', 'bigint', (column) => column.notNull())
          .addColumn('step', 'bigint', (column) => column.notNull())
          .addColumn('value', 'double precision', (column) => column.notNull())
          .addColumn('is_nan', sql`smallint`, (column) => column.notNull())
      await createClustered(points('metrics').addPrimaryKeyConstraint('metrics_key', [...pointKey]), engine)
      await createClustered(
        points('latest_metrics').addPrimaryKeyConstraint('latest_metrics_key', ['run_number', 'key_id']),
        engine,
      )
    },
  },
  {
    number: 22,
    name: 'run inputs, outputs and artifacts',
    up: async (query, engine) => {
      await query.schema
        .createTable('input_datasets')
        .addColumn('number', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('experiment_id', 'bigint', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('source_type', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('schema', 'text')
        .addColumn('profile', 'text')
        .addUniqueConstraint('input_datasets_identity', ['experiment_id', 'name', 'digest'])
        .execute()
      await createClustered(
        query.schema
          .createTable('run_datasets')
          .addColumn('run_number', 'integer', (column) => column.notNull())
          .addColumn('dataset_number', 'integer', (column) => column.notNull())
          .addColumn('context', 'text')
          .addColumn('tags', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('run_datasets_key', ['run_number', 'dataset_number']),
        engine,
      )
      await createClustered(
        query.schema
          .createTable('run_models')
          .addColumn('run_number', 'integer', (column) => column.notNull())
          .addColumn('direction', 'text', (column) => column.notNull())
          .addColumn('model_id', 'text', (column) => column.notNull())
          .addColumn('step', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('run_models_key', ['run_number', 'direction', 'model_id']),
        engine,
      )
      await createClustered(
        query.schema
          .createTable('run_artifacts')
          .addColumn('run_number', 'integer', (column) => column.notNull())
          .addColumn('path', 'text', (column) => column.notNull())
          .addColumn('digest', 'text', (column) => column.notNull())
          .addColumn('size_bytes', 'bigint', (column) => column.notNull())
          .addColumn('logged_at', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('run_artifacts_key', ['run_number', 'path']),
        engine,
      )
      // Which runs hold some bytes: asked before bytes are reclaimed.
      await query.schema.createIndex('run_artifacts_digest').on('run_artifacts').column('digest').execute()
    },
  },
  ...loggedModelMigrations,
  ...importMigrations,
]
