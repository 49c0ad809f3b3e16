import type { Migration } from '#platform/database/index'

export type BatchTables = {
  batch_runs: {
    id: string
    name: string
    /** Epoch milliseconds that the clock was to start it at; the time of the call for one that somebody asked for. */
    due_at: number
    state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
    /** `BatchSettings` as JSON. */
    settings: string
    job: string | null
    /** What the aliases named when it began: `churn v3`, and the datasets with their versions as JSON. */
    model: string | null
    version: number | null
    sources: string | null
    rows: number | null
    refused: number | null
    scored_rows: number
    total_rows: number | null
    /** Dataset and version, or the folder. */
    result: string | null
    error: string | null
    actor: string
    created_at: number
    finished_at: number | null
  }
}

export const batchMigration: Migration = {
  number: 75,
  name: 'runs of batch scoring',
  up: async (query) => {
    await query.schema
      .createTable('batch_runs')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('due_at', 'bigint', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('settings', 'text', (column) => column.notNull())
      .addColumn('job', 'text')
      .addColumn('model', 'text')
      .addColumn('version', 'bigint')
      .addColumn('sources', 'text')
      .addColumn('rows', 'bigint')
      .addColumn('refused', 'bigint')
      .addColumn('scored_rows', 'bigint', (column) => column.notNull())
      .addColumn('total_rows', 'bigint')
      .addColumn('result', 'text')
      .addColumn('error', 'text')
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('finished_at', 'bigint')
      .execute()
    await query.schema
      .createIndex('batch_runs_due')
      .on('batch_runs')
      .columns(['name', 'due_at'])
      .unique()
      .execute()
  },
}
