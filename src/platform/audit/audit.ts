import type { Generated } from 'kysely'
import type { Clock } from '../clock.ts'
import { sequenceColumnType, type Database, type Migration } from '../database/index.ts'

/** Who did what, when, to what, and how it ended. Written by the dispatcher for every call that changes something. */
export interface AuditRecord {
  readonly sequence: number
  readonly time: number
  readonly actor: string
  readonly action: string
  readonly input: string
  readonly outcome: string
  readonly requestId: string
}

export interface Audit {
  record(entry: Omit<AuditRecord, 'sequence' | 'time'>): Promise<void>
  list(limit: number): Promise<AuditRecord[]>
}

type AuditTables = {
  audit_records: Omit<AuditRecord, 'sequence' | 'requestId'> & {
    sequence: Generated<number>
    request_id: string
  }
}

export function createAudit({ database, clock }: { database: Database; clock: Clock }): Audit {
  const query = database.query.withTables<AuditTables>()
  return {
    record: async ({ requestId, ...entry }) => {
      await query
        .insertInto('audit_records')
        .values({ ...entry, time: clock.now(), request_id: requestId })
        .execute()
    },
    list: async (limit) => {
      const rows = await query
        .selectFrom('audit_records')
        .selectAll()
        .orderBy('sequence', 'desc')
        .limit(limit)
        .execute()
      return rows.map(({ request_id, ...row }) => ({ ...row, requestId: request_id }))
    },
  }
}

export const auditMigrations: readonly Migration[] = [
  {
    number: 3,
    name: 'audit records',
    up: async (query, engine) => {
      await query.schema
        .createTable('audit_records')
        .addColumn('sequence', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('input', 'text', (column) => column.notNull())
        .addColumn('outcome', 'text', (column) => column.notNull())
        .addColumn('request_id', 'text', (column) => column.notNull())
        .execute()
    },
  },
]
