import type { Migration } from '#platform/database/index'
import type { RunState, StepState } from './contract.ts'

export type PipelineTables = {
  pipeline_runs: {
    id: string
    pipeline: string
    state: RunState
    actor: string
    trigger_kind: string
    trigger_reason: string | null
    parameters: string
    /** What was asked for: force, only, from. */
    selection: string
    /** The pipeline as it stood in the project file when the run was started. */
    definition: string
    /** Reference → the dataset version it is pinned to. */
    datasets: string
    code: string | null
    failure: string | null
    cancelled_by: string | null
    /** 1 once `pipeline.finished` was told. */
    announced: number
    created_at: number
    started_at: number | null
    finished_at: number | null
  }
  step_runs: {
    id: string
    run_id: string
    pipeline: string
    step: string
    kind: string
    position: number
    state: StepState
    attempt: number
    cache_key: string | null
    cache_parts: string | null
    reasons: string
    inputs: string
    outputs: string
    cached_from: string | null
    failure: string | null
    /** What an executor started, while it runs. */
    handle: string | null
    started_at: number | null
    finished_at: number | null
  }
  source_digests: {
    path: string
    /** Size, times and inode: while they stay, so do the bytes. */
    fingerprint: string
    digest: string
  }
}

export const pipelineMigrations: readonly Migration[] = [
  {
    number: 30,
    name: 'pipeline runs',
    up: async (query) => {
      await query.schema
        .createTable('pipeline_runs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('pipeline', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('trigger_kind', 'text', (column) => column.notNull())
        .addColumn('trigger_reason', 'text')
        .addColumn('parameters', 'text', (column) => column.notNull())
        .addColumn('selection', 'text', (column) => column.notNull())
        .addColumn('definition', 'text', (column) => column.notNull())
        .addColumn('datasets', 'text', (column) => column.notNull())
        .addColumn('code', 'text')
        .addColumn('failure', 'text')
        .addColumn('cancelled_by', 'text')
        .addColumn('announced', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('finished_at', 'bigint')
        .execute()
      await query.schema
        .createIndex('pipeline_runs_pipeline')
        .on('pipeline_runs')
        .columns(['pipeline', 'state', 'id'])
        .execute()
      await query.schema
        .createTable('step_runs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('run_id', 'text', (column) => column.notNull().references('pipeline_runs.id'))
        .addColumn('pipeline', 'text', (column) => column.notNull())
        .addColumn('step', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('attempt', 'bigint', (column) => column.notNull())
        .addColumn('cache_key', 'text')
        .addColumn('cache_parts', 'text')
        .addColumn('reasons', 'text', (column) => column.notNull())
        .addColumn('inputs', 'text', (column) => column.notNull())
        .addColumn('outputs', 'text', (column) => column.notNull())
        .addColumn('cached_from', 'text')
        .addColumn('failure', 'text')
        .addColumn('handle', 'text')
        .addColumn('started_at', 'bigint')
        .addColumn('finished_at', 'bigint')
        .addUniqueConstraint('step_runs_once', ['run_id', 'step'])
        .execute()
      await query.schema
        .createIndex('step_runs_key')
        .on('step_runs')
        .columns(['cache_key', 'state'])
        .execute()
      await query.schema
        .createIndex('step_runs_step')
        .on('step_runs')
        .columns(['pipeline', 'step', 'id'])
        .execute()
    },
  },
  {
    number: 31,
    name: 'digests of source files',
    up: async (query) => {
      await query.schema
        .createTable('source_digests')
        .addColumn('path', 'text', (column) => column.primaryKey())
        .addColumn('fingerprint', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .execute()
    },
  },
]
