import { sequenceColumnType, type Migration } from '#platform/database/index'

export type EvaluationTables = {
  /** Every evaluation that a version got after it was registered, in their order. The last one counts. */
  version_evaluations: {
    model_number: number
    version: number
    report_digest: string
    profile_digest: string
    verdict: string
    actor: string
    time: number
  }
}

export const evaluationMigrations: readonly Migration[] = [
  {
    number: 63,
    name: 'evaluations of registered versions',
    up: async (query, engine) => {
      await query.schema
        .createTable('version_evaluations')
        .addColumn('sequence', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('model_number', 'bigint', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('report_digest', 'text', (column) => column.notNull())
        .addColumn('profile_digest', 'text', (column) => column.notNull())
        .addColumn('verdict', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .execute()
      await query.schema
        .createIndex('version_evaluations_version')
        .on('version_evaluations')
        .columns(['model_number', 'version'])
        .execute()
    },
  },
]
