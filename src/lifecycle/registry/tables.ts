import { sql, type Generated } from 'kysely'
import { sequenceColumnType, type Migration } from '#platform/database/index'
import type { Transition } from './contract.ts'
import { evaluationMigrations } from './evaluation-tables.ts'
import type { Stage } from './stage.ts'
import { webhookMigrations } from './webhooks/tables.ts'

export type RegistryTables = {
  registered_models: {
    number: Generated<number>
    name: string
    description: string
    created_at: number
    created_by: string
    updated_at: number
    /** The highest version ever given; it never goes down. */
    last_version: number
    /** A deleted model keeps its number, which names its versions' files, and gives its name back. */
    deleted_at: number | null
  }
  /** Names that models had before they were renamed, so that who uses one learns the new one. */
  former_model_names: { name: string; model_number: number; renamed_at: number; renamed_by: string }
  registered_model_tags: { model_number: number; key: string; value: string }
  model_versions: {
    model_number: number
    version: number
    created_at: number
    created_by: string
    run_id: string | null
    /** The same key again answers the same version. */
    registration_key: string | null
    verdict: string | null
    /** Artifacts, signature, lineage and evaluation as JSON: read whole, never changed. */
    record: string
    card: string
    description: string
    announced: number
    updated_at: number
    /** Where a client said that the files are; null for a version registered with its files. */
    source: string | null
    run_link: string | null
    model_id: string | null
    stage: Stage
    /** `awaited`: the source is ours, and no file was there yet. `foreign`: the source is somewhere else. */
    snapshot: 'taken' | 'awaited' | 'foreign'
    deleted_at: number | null
  }
  model_version_tags: { model_number: number; version: number; key: string; value: string }
  model_aliases: { model_number: number; alias: string; version: number }
  alias_transitions: {
    sequence: Generated<number>
    model_number: number
    alias: string
    kind: Transition['kind']
    from_version: number | null
    to_version: number | null
    actor: string
    time: number
    reason: string
    forced: number
    announced: number
  }
  stage_transitions: {
    sequence: Generated<number>
    model_number: number
    version: number
    from_stage: Stage
    to_stage: Stage
    actor: string
    time: number
  }
  /** What was decided and not yet told as an event; rows go when they are told. */
  registry_news: {
    sequence: Generated<number>
    type: string
    subject: string
    actor: string
    payload: string
  }
}

export const registryMigrations: readonly Migration[] = [
  {
    number: 60,
    name: 'registered models, versions, aliases',
    up: async (query, engine) => {
      await query.schema
        .createTable('registered_models')
        .addColumn('number', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('last_version', 'bigint', (column) => column.notNull())
        .execute()
      await query.schema
        .createTable('registered_model_tags')
        .addColumn('model_number', 'bigint', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('registered_model_tags_key', ['model_number', 'key'])
        .execute()
      await query.schema
        .createTable('model_versions')
        .addColumn('model_number', 'bigint', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('run_id', 'text')
        .addColumn('registration_key', 'text')
        .addColumn('verdict', 'text')
        .addColumn('record', 'text', (column) => column.notNull())
        .addColumn('card', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('announced', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('model_versions_key', ['model_number', 'version'])
        .addUniqueConstraint('model_versions_registration', ['model_number', 'registration_key'])
        .execute()
      await query.schema.createIndex('model_versions_run').on('model_versions').column('run_id').execute()
      await query.schema
        .createTable('model_version_tags')
        .addColumn('model_number', 'bigint', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('model_version_tags_key', ['model_number', 'version', 'key'])
        .execute()
      await query.schema
        .createTable('model_aliases')
        .addColumn('model_number', 'bigint', (column) => column.notNull())
        .addColumn('alias', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('model_aliases_key', ['model_number', 'alias'])
        .execute()
      await query.schema
        .createTable('alias_transitions')
        .addColumn('sequence', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('model_number', 'bigint', (column) => column.notNull())
        .addColumn('alias', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('from_version', 'bigint')
        .addColumn('to_version', 'bigint')
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('forced', 'bigint', (column) => column.notNull())
        .addColumn('announced', 'bigint', (column) => column.notNull())
        .execute()
      await sql`create index alias_transitions_model on alias_transitions (model_number, alias, sequence)`.execute(
        query,
      )
      // What was decided and not yet told; empty nearly always.
      for (const table of ['alias_transitions', 'model_versions']) {
        await sql`create index ${sql.ref(`${table}_silent`)} on ${sql.table(table)} (announced) where announced = 0`.execute(
          query,
        )
      }
    },
  },
  {
    number: 61,
    name: 'versions from a source, stages, deleted and renamed models',
    up: async (query, engine) => {
      await query.schema.alterTable('registered_models').addColumn('deleted_at', 'bigint').execute()
      for (const name of ['source', 'run_link', 'model_id'] as const) {
        await query.schema.alterTable('model_versions').addColumn(name, 'text').execute()
      }
      await query.schema.alterTable('model_versions').addColumn('deleted_at', 'bigint').execute()
      await query.schema
        .alterTable('model_versions')
        .addColumn('updated_at', 'bigint', (column) => column.notNull().defaultTo(0))
        .execute()
      await query.schema
        .alterTable('model_versions')
        .addColumn('stage', 'text', (column) => column.notNull().defaultTo('None'))
        .execute()
      await query.schema
        .alterTable('model_versions')
        .addColumn('snapshot', 'text', (column) => column.notNull().defaultTo('taken'))
        .execute()
      await sql`update model_versions set updated_at = created_at`.execute(query)
      await query.schema
        .createIndex('model_versions_newest')
        .on('model_versions')
        .column('updated_at')
        .execute()
      await query.schema
        .createTable('former_model_names')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('model_number', 'bigint', (column) => column.notNull())
        .addColumn('renamed_at', 'bigint', (column) => column.notNull())
        .addColumn('renamed_by', 'text', (column) => column.notNull())
        .execute()
      await query.schema
        .createTable('stage_transitions')
        .addColumn('sequence', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('model_number', 'bigint', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('from_stage', 'text', (column) => column.notNull())
        .addColumn('to_stage', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .execute()
      await query.schema
        .createIndex('stage_transitions_model')
        .on('stage_transitions')
        .columns(['model_number', 'sequence'])
        .execute()
      await query.schema
        .createTable('registry_news')
        .addColumn('sequence', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('payload', 'text', (column) => column.notNull())
        .execute()
    },
  },
  ...webhookMigrations,
  ...evaluationMigrations,
]
