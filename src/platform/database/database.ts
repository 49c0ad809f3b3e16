import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Kysely, sql } from 'kysely'
import { readHere } from './read-here.ts'
import { Reader, type ReadFunction, type ReadPlace } from './reader.ts'
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
  /**
   * Runs a read that may be long beside the main thread (see `Reader`); of a store in memory here. Type it by the
   * function: `readAside<typeof readRunPage>({ module: import.meta.resolve('…'), name: 'readRunPage' }, input, signal)`.
   */
  readAside<Read extends ReadFunction<never, unknown>>(
    place: ReadPlace,
    input: Parameters<Read>[2],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<Read>>>
  close(): Promise<void>
}

export type DatabaseLocation =
  | { readonly url: string }
  | { readonly path: string; readonly readOnly?: boolean }

export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  if ('url' in location) {
    const { postgresDialect } = await import('./postgres.ts')
    const query = new Kysely<unknown>({ dialect: await postgresDialect(location.url) })
    return databaseOn('postgres', query, location)
  }
  const readOnly = location.readOnly ?? false
  if (!readOnly && location.path !== ':memory:')
    mkdirSync(dirname(location.path), { recursive: true, mode: 0o700 })
  const query = new Kysely<unknown>({ dialect: sqliteDialect(location.path, { readOnly }) })
  // Who may only look is a command: nobody else waits for its thread, and another one would start later than it reads.
  return databaseOn('sqlite', query, readOnly || location.path === ':memory:' ? undefined : location)
}

function databaseOn(engine: Engine, query: Kysely<unknown>, shared?: DatabaseLocation): Database {
  const reader = shared === undefined ? undefined : new Reader(shared)
  return {
    engine,
    query,
    readAside: async ({ module, name }, input, signal) => {
      const call = { module, name, input }
      const output = reader === undefined ? readHere({ engine, query }, call) : reader.read(call, signal)
      return (await output) as never
    },
    close: async () => {
      await reader?.close()
      await query.destroy()
    },
  }
}

/** A column that counts up by itself, in the engine's own words. */
export function sequenceColumnType(engine: Engine) {
  return engine === 'postgres' ? sql`bigserial` : sql`integer`
}
