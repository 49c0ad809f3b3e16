import { mkdirSync } from 'node:fs'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { Cell, Row } from './cell.ts'
import type { Frame } from './frame.ts'
import { frameOf } from './frame-of.ts'
import { quoteText } from './quote.ts'
import { writeBeside, type AddedColumn } from './write-beside.ts'
import { openRowStream, type RowStream, type WantedColumn } from './row-stream.ts'

/** A DuckDB connection that may read and write only the folders it was opened with. */
export interface Tables {
  /** Runs statements for their effect. */
  run(sql: string, parameters?: readonly (string | number | boolean | null)[]): Promise<void>
  rows(sql: string, parameters?: readonly (string | number | boolean | null)[]): Promise<Row[]>
  /** The result of a query as typed arrays on shared memory; text becomes categories. */
  frame(sql: string): Promise<Frame>
  columns(sql: string): Promise<{ name: string; type: string }[]>
  /** Appends rows of text to a table whose columns are all VARCHAR. Answers how many there were. */
  appendText(table: string, pages: AsyncIterable<readonly (readonly (string | null)[])[]>): Promise<number>
  /** Reads columns of a relation in constant memory, in its order. */
  stream(reading: { readonly relation: string; readonly wanted: readonly WantedColumn[] }): Promise<RowStream>
  /** Writes the rows of a relation as a Parquet file with columns that were computed for them. */
  writeBeside(writing: {
    readonly relation: string
    readonly added: readonly AddedColumn[]
    readonly path: string
  }): Promise<void>
  interrupt(): void
  close(): void
}

export interface TablesOptions {
  /** Folders that SQL may read and write. Everything else on the machine is out of reach of a statement. */
  readonly allowedDirectories: readonly string[]
  /** Files outside of those folders that it may read too. */
  readonly allowedPaths?: readonly string[]
  readonly temporaryDirectory: string
  readonly memoryLimitBytes?: number
  readonly threads?: number
}

const defaultMemoryLimitBytes = 1_500_000_000

/** Opens an in-memory DuckDB. Work larger than the memory limit spills into the temporary folder. */
export async function openTables(options: TablesOptions): Promise<Tables> {
  // Loaded here, not above: the native library costs more than most commands take.
  const { DuckDBInstance } = await import('@duckdb/node-api')
  mkdirSync(options.temporaryDirectory, { recursive: true, mode: 0o700 })
  const instance = await DuckDBInstance.create(':memory:', {
    temp_directory: options.temporaryDirectory,
    memory_limit: `${Math.floor((options.memoryLimitBytes ?? defaultMemoryLimitBytes) / 1e6)}MB`,
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  await restrict(connection, options)
  return tablesOn(instance, connection)
}

/** From here on no statement, however it came about, can widen what this connection may touch. */
async function restrict(connection: DuckDBConnection, options: TablesOptions): Promise<void> {
  const directories = [...options.allowedDirectories, options.temporaryDirectory].map((path) =>
    quoteText(`${path}/`),
  )
  await connection.run(`SET allowed_directories = [${directories.join(', ')}]`)
  await connection.run(`SET allowed_paths = [${(options.allowedPaths ?? []).map(quoteText).join(', ')}]`)
  await connection.run('SET enable_external_access = false')
  await connection.run("SET GLOBAL TimeZone = 'UTC'")
  await connection.run('SET lock_configuration = true')
}

function tablesOn(instance: DuckDBInstance, connection: DuckDBConnection): Tables {
  const attempt = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw explain(error, sql)
    }
  }
  return {
    run: (sql, parameters) =>
      attempt(
        sql,
        async () => void (await connection.run(sql, parameters === undefined ? undefined : [...parameters])),
      ),
    rows: (sql, parameters) =>
      attempt(sql, async () => {
        const reader = await connection.runAndReadAll(
          sql,
          parameters === undefined ? undefined : [...parameters],
        )
        return reader.getRowObjectsJS().map((row) => toRow(row as Record<string, unknown>))
      }),
    frame: (sql) => attempt(sql, () => frameOf(connection, sql)),
    columns: (sql) =>
      attempt(sql, async () => {
        const reader = await connection.runAndReadAll(`DESCRIBE ${sql}`)
        return reader
          .getRowObjectsJS()
          .map((row) => ({ name: row['column_name'] as string, type: row['column_type'] as string }))
      }),
    appendText: async (table, pages) => {
      const appender = await attempt('append', () => connection.createAppender(table, 'main', 'temp'))
      let rows = 0
      try {
        // What fails while rows come is the source's word and not of SQL.
        for await (const page of pages) {
          for (const row of page) {
            for (const cell of row) {
              if (cell === null) appender.appendNull()
              else appender.appendVarchar(cell)
            }
            appender.endRow()
          }
          rows += page.length
          await attempt('append', async () => appender.flushSync())
        }
      } finally {
        appender.closeSync()
      }
      return rows
    },
    stream: (reading) => attempt(`SELECT FROM ${reading.relation}`, () => openRowStream(instance, reading)),
    writeBeside: (writing) => attempt(`COPY ${writing.relation}`, () => writeBeside(connection, writing)),
    interrupt: () => connection.interrupt(),
    close: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

function explain(error: unknown, sql: string): DevmlopsError {
  if (error instanceof DevmlopsError) return error
  const message = messageOf(error)
  if (/No space left|disk.*full/i.test(message)) {
    return new DevmlopsError('storage_full', message, {
      hint: 'Free space on the disk of the home folder.',
      cause: error,
    })
  }
  if (/^INTERRUPT Error/i.test(message))
    return new DevmlopsError('cancelled', 'The query was stopped.', { cause: error })
  if (
    /^(IO|Invalid Input|Conversion|Serialization|Invalid) Error/i.test(message) &&
    /read_|parquet|csv|json|file/i.test(message)
  ) {
    return new DevmlopsError('unreadable_data', message, { cause: error })
  }
  return new DevmlopsError('invalid_input', `SQL failed: ${message}`, {
    hint: `In: ${sql.trim().replace(/\s+/g, ' ').slice(0, 300)}`,
    cause: error,
  })
}

function toRow(row: Record<string, unknown>): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toCell(value)]))
}

function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'bigint') {
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value
  }
  if (Array.isArray(value)) return value.map(toCell)
  if (typeof value === 'object') return toRow(value as Record<string, unknown>)
  return value as Cell
}

export function requireRow(rows: readonly Row[]): Row {
  return rows[0] ?? fail('internal', 'A query that always has a row had none.')
}
