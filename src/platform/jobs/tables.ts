import { sql } from 'kysely'
import type { Migration } from '../database/index.ts'
import type { JobState } from './job.ts'

export type JobTables = {
  jobs: {
    id: string
    kind: string
    key: string
    payload: string
    state: JobState
    actor: string
    attempts: number
    created_at: number
    started_at: number | null
    finished_at: number | null
    error: string | null
    /** The process that runs it, and until when the others leave it alone. */
    holder: string | null
    lease_until: number | null
    progress: string | null
  }
}

export const jobMigrations: readonly Migration[] = [
  {
    number: 2,
    name: 'jobs',
    up: async (query) => {
      await query.schema
        .createTable('jobs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('payload', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('attempts', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('finished_at', 'bigint')
        .addColumn('error', 'text')
        .execute()
      await query.schema
        .createIndex('jobs_state')
        .on('jobs')
        .columns(['state', 'kind', 'created_at'])
        .execute()
    },
  },
  {
    number: 4,
    name: 'job leases',
    up: async (query) => {
      await query.schema.alterTable('jobs').addColumn('holder', 'text').execute()
      await query.schema.alterTable('jobs').addColumn('lease_until', 'bigint').execute()
      await sql`create unique index jobs_unfinished on jobs (kind, key) where state in ('queued', 'running')`.execute(
        query,
      )
    },
  },
  {
    number: 5,
    name: 'progress of jobs',
    up: async (query) => {
      await query.schema.alterTable('jobs').addColumn('progress', 'text').execute()
    },
  },
]
