import { sql, type Kysely } from 'kysely'
import { fail } from '#contract/errors'
import type { Database, Engine } from './database.ts'

/** One forward-only step of the schema. Numbers are global over all stages, so the order shows in a listing. */
export interface Migration {
  readonly number: number
  readonly name: string
  up(query: Kysely<unknown>, engine: Engine): Promise<void>
}

type MigrationTables = {
  migrations: { number: number; name: string; applied_at: number }
}

const advisoryLock = 727_001

/** Applies what is missing, each step in its own transaction; refuses a schema newer than this program. */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  now: number,
): Promise<void> {
  const ordered = [...migrations].sort((a, b) => a.number - b.number)
  const query = database.query.withTables<MigrationTables>()
  await query.connection().execute(async (connection) => {
    // Before the first table: even two `CREATE TABLE IF NOT EXISTS` at once fail on PostgreSQL.
    if (database.engine === 'postgres')
      await sql`select pg_advisory_lock(${advisoryLock})`.execute(connection)
    try {
      await connection.schema
        .createTable('migrations')
        .ifNotExists()
        .addColumn('number', 'integer', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('applied_at', 'bigint', (column) => column.notNull())
        .execute()
      const applied = await appliedNumbers(connection)
      refuseNewer(applied, ordered)
      for (const migration of ordered.filter(({ number }) => !applied.has(number))) {
        await connection.transaction().execute(async (transaction) => {
          await migration.up(transaction as unknown as Kysely<unknown>, database.engine)
          await transaction
            .insertInto('migrations')
            .values({ number: migration.number, name: migration.name, applied_at: now })
            .execute()
        })
      }
    } finally {
      if (database.engine === 'postgres')
        await sql`select pg_advisory_unlock(${advisoryLock})`.execute(connection)
    }
  })
}

/** Whether the store has this program's schema, for one that may only be looked at. Refuses a newer one. */
export async function isMigrated(database: Database, migrations: readonly Migration[]): Promise<boolean> {
  const query = database.query.withTables<MigrationTables>()
  const tables = await query.introspection.getTables()
  if (!tables.some(({ name }) => name === 'migrations')) return false
  const applied = await appliedNumbers(query)
  refuseNewer(applied, migrations)
  return migrations.every(({ number }) => applied.has(number))
}

async function appliedNumbers(query: Kysely<MigrationTables>): Promise<ReadonlySet<number>> {
  const rows = await query.selectFrom('migrations').select('number').execute()
  return new Set(rows.map(({ number }) => number))
}

/** A stage of a newer program may have added a low number, so any number that is not known is newer. */
function refuseNewer(applied: ReadonlySet<number>, known: readonly Migration[]): void {
  const numbers = new Set(known.map(({ number }) => number))
  const newer = [...applied].filter((number) => !numbers.has(number))
  if (newer.length > 0) {
    fail('conflict', `The store was written by a newer DevMLOps: it has schema step ${newer.join(', ')}.`, {
      hint: 'Upgrade DevMLOps; an older program does not touch a newer store.',
    })
  }
}
