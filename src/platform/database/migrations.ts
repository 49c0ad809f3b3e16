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
  await query.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('number', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .execute()
  await query.connection().execute(async (connection) => {
    if (database.engine === 'postgres')
      await sql`select pg_advisory_lock(${advisoryLock})`.execute(connection)
    try {
      const applied = new Set(
        (await connection.selectFrom('migrations').select('number').execute()).map((row) => row.number),
      )
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

function refuseNewer(applied: ReadonlySet<number>, known: readonly Migration[]): void {
  const newest = known.at(-1)?.number ?? 0
  const newer = [...applied].filter((number) => number > newest)
  if (newer.length > 0) {
    fail(
      'conflict',
      `The store was written by a newer DevMLOps (schema ${Math.max(...newer)}, this one knows ${newest}).`,
      {
        hint: 'Upgrade DevMLOps; an older program does not touch a newer store.',
      },
    )
  }
}
