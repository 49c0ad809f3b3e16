import { existsSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { DevmlopsError, fail } from '#contract/errors'
import { explainPostgres, explainSqlite } from './storage-problem.ts'
import type { Engine } from './database.ts'

export type SourceRow = Readonly<Record<string, unknown>>

/** Another program's database, which is only looked at. */
export interface SourceDatabase {
  readonly engine: Engine
  /** Names of the columns by table, of the tables that there are. */
  columns(): Promise<ReadonlyMap<string, ReadonlySet<string>>>
  /** `?` stands for a parameter. */
  rows(sql: string, parameters?: readonly (string | number)[]): Promise<SourceRow[]>
  /** Rows as they come, some thousands at a time: for what may not fit into memory. */
  pages(sql: string, parameters?: readonly (string | number)[]): AsyncIterable<SourceRow[]>
  close(): Promise<void>
}

const pageRows = 5000

/** Opens a database that belongs to someone else: nothing is written, no table made, no setting changed. */
export async function openSourceDatabase(
  location: { readonly path: string } | { readonly url: string },
): Promise<SourceDatabase> {
  return 'path' in location ? openSqlite(location.path) : openPostgres(location.url)
}

function openSqlite(path: string): SourceDatabase {
  if (!existsSync(path)) fail('not_found', `There is no file ${path}.`)
  const explained = <Result>(work: () => Result): Result => {
    try {
      return work()
    } catch (error) {
      throw explainSqlite(error, path)
    }
  }
  const database = explained(() => new DatabaseSync(path, { readOnly: true, timeout: 5000 }))
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    // Beyond 2^53 a number would be wrong without a word; such a value is a mistake of whoever wrote it.
    statement.setReadBigInts(true)
    return statement
  }
  const rows = async (sql: string, parameters: readonly (string | number)[] = []): Promise<SourceRow[]> =>
    explained(() =>
      prepare(sql)
        .all(...(parameters as SQLInputValue[]))
        .map(toNumbers),
    )
  return {
    engine: 'sqlite',
    rows,
    columns: async () =>
      toColumns(
        await rows(
          `select m.name as table_name, c.name as column_name
           from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`,
        ),
      ),
    pages: async function* (sql, parameters = []) {
      const all = explained(() => prepare(sql).iterate(...(parameters as SQLInputValue[])))
      let page: SourceRow[] = []
      for (;;) {
        const next = explained(() => all.next())
        if (next.done === true) break
        page.push(toNumbers(next.value))
        if (page.length < pageRows) continue
        yield page
        page = []
      }
      if (page.length > 0) yield page
    },
    close: async () => database.close(),
  }
}

async function openPostgres(url: string): Promise<SourceDatabase> {
  const { default: pg } = await import('pg')
  const types = {
    getTypeParser: (id: Parameters<typeof pg.types.getTypeParser>[0], format?: 'text' | 'binary') =>
      id === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(id, format),
  }
  const connect = async () => {
    const client = new pg.Client({ connectionString: url, types, connectionTimeoutMillis: 10_000 })
    // What breaks later breaks the query that runs, which tells it.
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('set default_transaction_read_only = on')
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      const explained = explainPostgres(error, url)
      if (!(explained instanceof DevmlopsError)) throw explained
      // The other hint names the setting of our own store.
      return fail(explained.code, explained.message, {
        hint: 'Check the host, the user, the password and the database in the URL.',
        cause: error,
      })
    }
  }
  const client = await connect()
  const numbered = (sql: string): string => {
    let count = 0
    return sql.replaceAll('?', () => `$${++count}`)
  }
  const rows = async (sql: string, parameters: readonly (string | number)[] = []): Promise<SourceRow[]> =>
    (await client.query<Record<string, unknown>>(numbered(sql), [...parameters])).rows
  return {
    engine: 'postgres',
    rows,
    columns: async () =>
      toColumns(
        await rows(
          'select table_name, column_name from information_schema.columns where table_schema = any(current_schemas(false))',
        ),
      ),
    pages: async function* (sql, parameters = []) {
      // A cursor lives in a transaction, and so needs a connection of its own.
      const reader = await connect()
      try {
        await reader.query('begin')
        await reader.query(`declare source_rows no scroll cursor for ${numbered(sql)}`, [...parameters])
        for (;;) {
          const page = await reader.query<Record<string, unknown>>(`fetch ${pageRows} from source_rows`)
          if (page.rows.length > 0) yield page.rows
          if (page.rows.length < pageRows) return
        }
      } finally {
        await reader.end().catch(() => undefined)
      }
    },
    close: () => client.end(),
  }
}

function toNumbers(row: object): SourceRow {
  const plain = row as Record<string, unknown>
  for (const name of Object.keys(plain)) {
    if (typeof plain[name] === 'bigint') plain[name] = Number(plain[name])
  }
  return plain
}

function toColumns(rows: readonly SourceRow[]): ReadonlyMap<string, ReadonlySet<string>> {
  const tables = Map.groupBy(rows, (row) => String(row['table_name']))
  return new Map(
    [...tables].map(([table, columns]) => [table, new Set(columns.map((row) => String(row['column_name'])))]),
  )
}
