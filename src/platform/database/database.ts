import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Kysely, sql } from 'kysely'
import { sqliteDialect } from './sqlite.ts'

export type Engine = 'sqlite' | 'postgres'

/**
 * The metadata store: one query builder over SQLite or PostgreSQL. A stage sees its own tables by
 * `database.query.withTables<ItsTables>()`. Columns are text, integers (`bigint`), `double precision`, JSON as text and
 * epoch milliseconds, so that one schema serves both engines.
 */
export interface Database {
  readonly engine: Engine
  readonly query: Kysely<unknown>
  close(): Promise<void>
}

export type DatabaseLocation =
  | { readonly url: string }
  | { readonly path: string; readonly readOnly?: boolean }

export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  if ('url' in location) {
    const { postgresDialect } = await import('./postgres.ts')
    const query = new Kysely<unknown>({ dialect: await postgresDialect(location.url) })
    return { engine: 'postgres', query, close: () => query.destroy() }
  }
  const readOnly = location.readOnly ?? false
  if (!readOnly && location.path !== ':memory:')
    mkdirSync(dirname(location.path), { recursive: true, mode: 0o700 })
  const query = new Kysely<unknown>({ dialect: sqliteDialect(location.path, { readOnly }) })
  return { engine: 'sqlite', query, close: () => query.destroy() }
}

/** A column that counts up by itself, in the engine's own words. */
export function sequenceColumnType(engine: Engine) {
  return engine === 'postgres' ? sql`bigserial` : sql`integer`
}
