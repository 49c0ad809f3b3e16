import { sql } from 'kysely'
import type { Migration } from '#platform/database/index'
import { composedModelMigrations } from './composed-models/tables.ts'
import { accessKeysMigration } from './access-keys/key-store.ts'
import { batchMigration } from './batch/batch-table.ts'

export type ServingTables = {
  /** Every state that a deployment was ever in; the newest of a name is the one that holds. */
  deployment_revisions: {
    revision: number
    deployment: string
    state: 'active' | 'stopped'
    model: string
    variants: string
    /** `DeploymentSettings` as JSON, as they were then. */
    settings: string
    time: number
    actor: string
    reason: string
    /** The rollout that it was a step of, while that ran. */
    rollout: string | null
    /** The revision that it went back to. */
    restored: number | null
    /** When the serving process took it; 0 until then. */
    live_at: number
  }
  /** New versions on their way to answering everything, running and ended. */
  rollouts: {
    id: string
    deployment: string
    strategy: string
    state: string
    /** `Release` as JSON, as it was when it began. */
    release: string
    /** `RolloutVersion` as JSON. */
    stable: string
    /** `RolloutVersion[]` as JSON. */
    candidates: string
    step: number
    step_started_at: number
    step_elapsed_ms: number
    /** `RolloutVerdict` as JSON: the last one. */
    verdict: string | null
    started_at: number
    ended_at: number | null
    actor: string
    reason: string
  }
  /** What happened to a rollout, in order. */
  rollout_notes: {
    rollout: string
    number: number
    time: number
    step: number
    kind: string
    reason: string
    evidence: string | null
    actor: string
  }
}

export const servingMigrations: readonly Migration[] = [
  ...composedModelMigrations,
  {
    number: 70,
    name: 'deployment revisions',
    up: async (query) => {
      await query.schema
        .createTable('deployment_revisions')
        .addColumn('revision', 'bigint', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('variants', 'text', (column) => column.notNull())
        .addColumn('sticky', 'text', (column) => column.notNull())
        .addColumn('log', 'text', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .execute()
      await query.schema
        .createIndex('deployment_revisions_deployment')
        .on('deployment_revisions')
        .columns(['deployment', 'revision'])
        .execute()
    },
  },
  {
    number: 71,
    name: 'settings of a deployment revision',
    up: async (query) => {
      await query.schema
        .alterTable('deployment_revisions')
        .addColumn('settings', 'text', (column) => column.notNull().defaultTo('{}'))
        .execute()
      await sql`UPDATE deployment_revisions SET settings =
        '{"model":"' || model || '","sticky":"' || sticky || '","log":"' || log || '"}'`.execute(query)
      await query.schema.alterTable('deployment_revisions').dropColumn('sticky').execute()
      await query.schema.alterTable('deployment_revisions').dropColumn('log').execute()
    },
  },
  {
    number: 72,
    name: 'rollouts',
    up: async (query) => {
      for (const name of ['rollout', 'restored'] as const) {
        await query.schema
          .alterTable('deployment_revisions')
          .addColumn(name, name === 'rollout' ? 'text' : 'bigint')
          .execute()
      }
      await query.schema
        .alterTable('deployment_revisions')
        .addColumn('live_at', 'bigint', (column) => column.notNull().defaultTo(0))
        .execute()
      // Those that were taken back say so themselves.
      await sql`UPDATE deployment_revisions SET live_at = time`.execute(query)
      await query.schema
        .createTable('rollouts')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('strategy', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('release', 'text', (column) => column.notNull())
        .addColumn('stable', 'text', (column) => column.notNull())
        .addColumn('candidates', 'text', (column) => column.notNull())
        .addColumn('step', 'bigint', (column) => column.notNull())
        .addColumn('step_started_at', 'bigint', (column) => column.notNull())
        .addColumn('step_elapsed_ms', 'bigint', (column) => column.notNull())
        .addColumn('verdict', 'text')
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('ended_at', 'bigint')
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .execute()
      await query.schema
        .createIndex('rollouts_deployment')
        .on('rollouts')
        .columns(['deployment', 'state'])
        .execute()
      await query.schema
        .createTable('rollout_notes')
        .addColumn('rollout', 'text', (column) => column.notNull())
        .addColumn('number', 'bigint', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('step', 'bigint', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('evidence', 'text')
        .addColumn('actor', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('rollout_notes_key', ['rollout', 'number'])
        .execute()
    },
  },
  accessKeysMigration,
  batchMigration,
]
