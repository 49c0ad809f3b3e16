import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DevmlopsError, fail } from '#contract/errors'
import { formatBytes } from '#contract/units'
import { environmentVariable } from '#platform/config'
import { openQuery, type QueryLocation, type QueryRows } from '#platform/database/index'
import { openTables, quoteName, requireRow, type Tables } from '#platform/tables/index'
import { cursorBound } from '../loads/cursor-bound.ts'
import { changedAtSource, outsideQuarantine, unseenRows } from '../loads/unseen-rows.ts'
import { requireColumnCount } from '../rows/column-limit.ts'
import { typeColumns, writeParquet, type TypedColumn } from '../rows/write-parquet.ts'
import { released, type Collected, type CollectOptions } from './collected.ts'
import { findFiles } from './find-files.ts'
import { inspectFile } from './inspect-file.ts'
import type { DatabaseSource } from './source-config.ts'
import { spoolPath } from './spool.ts'

/** Rows that stay in memory while they are sorted; the rest waits on the disk. */
const memoryLimitBytes = 300_000_000
const table = 'fetched'

/** The rows of a query, as a Parquet file of which the same rows always have the same bytes. */
export async function collectQuery(options: CollectOptions, source: DatabaseSource): Promise<Collected> {
  const location = await locationOf(options, source)
  const { incremental, timeout: timeoutMs } = source
  const last = incremental === undefined ? undefined : await options.lastCursor(incremental.cursor)
  const from = boundOf(source, last)
  const path = await spoolPath(options.spool, '.parquet')
  const existing =
    incremental === undefined || options.config.mode !== 'append' ? undefined : await options.existing()
  const quarantined = incremental === undefined ? [] : await options.quarantined()
  const tables = await openTables({
    allowedDirectories: [options.spool],
    allowedPaths: [...(existing?.parts.map((part) => part.path) ?? []), ...quarantined],
    temporaryDirectory: join(options.home, 'tmp', 'tables'),
    memoryLimitBytes,
  })
  const queried = {
    kind: 'query' as const,
    engine: location.engine,
    database: location.name,
    query: queryOf(source),
  }
  try {
    await using rows = await openQuery(location, {
      query: queryOf(source),
      from:
        from === undefined || incremental === undefined
          ? undefined
          : { column: incremental.cursor, value: from },
      timeoutMs,
    })
    requireColumnCount(rows.names.length, location.name)
    requireCursor(rows, incremental?.cursor, location.name)
    const fetched = await fetchRows(tables, rows)
    const typed = await typeColumns(tables, rows.columns(), {
      table,
      source: location.name,
      isShown: (column) => options.config.columns[column] === undefined,
    })
    const cursor =
      incremental === undefined
        ? undefined
        : await newestOf(tables, { column: incremental.cursor, columns: typed.columns, last })
    const outside = await outsideQuarantine(tables, { table, columns: typed.columns, quarantined })
    const kept =
      existing === undefined || incremental === undefined
        ? outside
        : await unseenRows(tables, {
            table: outside,
            columns: typed.columns,
            existing,
            key: options.config.key,
            cursor: { column: incremental.cursor, from },
          })
    const count =
      kept === table
        ? fetched
        : Number(requireRow(await tables.rows(`SELECT count(*) AS rows FROM ${kept}`))['rows'])
    const told = { ...queried, ...(cursor === undefined ? {} : { cursor }) }
    if (incremental !== undefined && count === 0) return nothingNew(location.name, told)
    const first = [...options.config.key, ...(incremental === undefined ? [] : [incremental.cursor])]
    await writeParquet(tables, { path, columns: typed.columns, from: kept, first })
    await requireSize(path, location.name, source.maximum_size)
    const facts = await inspectFile(path, location.name, { isText: false, compressed: false })
    const changed =
      kept === outside || existing === undefined
        ? 0
        : await changedAtSource(tables, {
            table: outside,
            columns: typed.columns,
            existing,
            key: options.config.key,
          })
    const stale =
      changed === 0
        ? []
        : [
            `${changed} rows were taken earlier and have changed since; they stay as they were. \`mode: upsert\` takes the newer ones.`,
          ]
    const warnings = [...rows.warnings(), ...typed.warnings, ...stale].map(
      (warning) => `${location.name}: ${warning}`,
    )
    return {
      files: [{ name: location.name, path, format: 'parquet', compressed: false, facts, warnings }],
      source: told,
      unchanged: [],
      downloads: [],
      cursor,
      release: () => rm(path, { force: true }),
    }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    tables.close()
  }
}

function queryOf(source: DatabaseSource): string {
  if ('postgres' in source) return source.postgres.query
  return 'mysql' in source ? source.mysql.query : source.sqlite.query
}

async function locationOf(options: CollectOptions, source: DatabaseSource): Promise<QueryLocation> {
  if ('sqlite' in source) {
    const { path } = source.sqlite
    const [found] = await findFiles([path], { directory: options.directory, home: options.home })
    if (found === undefined) fail('not_found', `There is no file ${path}.`, { at: path })
    return { engine: 'sqlite', path: found.path, name: found.name }
  }
  const engine = 'postgres' in source ? 'postgres' : 'mysql'
  const variable = 'postgres' in source ? source.postgres.url_env : source.mysql.url_env
  const url = environmentVariable(variable)
  if (url === undefined || url === '') {
    fail(
      'invalid_input',
      `The environment variable ${variable} is not set; it holds the URL of the database.`,
      {
        hint: `For example: export ${variable}=${engine}://user:password@host/database`,
        at: variable,
      },
    )
  }
  const known = engine === 'postgres' ? /^postgres(?:ql)?:\/\// : /^(?:mysql|mariadb):\/\//
  if (!known.test(url) || !URL.canParse(url)) {
    fail('invalid_input', `What ${variable} holds is no URL that begins with ${engine}://.`, { at: variable })
  }
  return { engine, url: url.replace(/^mariadb:/, 'mysql:'), name: `$${variable}` }
}

function boundOf({ incremental }: DatabaseSource, last: string | undefined): string | undefined {
  if (incremental === undefined) return undefined
  if (last === undefined) return incremental.initial === undefined ? undefined : String(incremental.initial)
  const bound = cursorBound(last, incremental.lag)
  if (bound !== undefined) return bound
  return fail(
    'invalid_input',
    `No lag can be taken off the cursor "${incremental.cursor}": its newest value is "${last}".`,
    {
      hint: 'A lag needs a cursor of times or numbers; leave `lag` out.',
      at: incremental.cursor,
    },
  )
}

function requireCursor({ names }: QueryRows, cursor: string | undefined, source: string): void {
  if (cursor === undefined || names.includes(cursor)) return
  fail('invalid_input', `The query of ${source} gives no column "${cursor}", which is its cursor.`, {
    hint: `It gives ${names.join(', ')}.`,
    at: cursor,
  })
}

async function fetchRows(tables: Tables, rows: QueryRows): Promise<number> {
  const columns = rows.names.map((name) => `${quoteName(name)} VARCHAR`)
  await tables.run(`CREATE TEMP TABLE ${table} (${columns.join(', ')})`)
  return tables.appendText(table, rows.pages())
}

/** The greatest value of the cursor so far, as the database writes it. */
async function newestOf(
  tables: Tables,
  { column, columns, last }: { column: string; columns: readonly TypedColumn[]; last: string | undefined },
): Promise<{ column: string; value: string } | undefined> {
  const sqlType = columns.find(({ name }) => name === column)?.sqlType ?? 'VARCHAR'
  const known = last === undefined ? '' : ' UNION ALL SELECT CAST($1 AS VARCHAR)'
  const [newest] = await tables.rows(
    `SELECT value FROM (SELECT ${quoteName(column)} AS value FROM ${table}${known}) WHERE value IS NOT NULL
     ORDER BY try_cast(value AS ${sqlType}) DESC NULLS LAST LIMIT 1`,
    last === undefined ? [] : [last],
  )
  return newest === undefined ? undefined : { column, value: newest['value'] as string }
}

function nothingNew(name: string, source: Collected['source']): Collected {
  return {
    files: [],
    source,
    unchanged: [{ path: name, digest: undefined }],
    downloads: [],
    release: released,
  }
}

async function requireSize(path: string, name: string, maximumSizeBytes: number): Promise<void> {
  const { size } = await stat(path)
  if (size <= maximumSizeBytes) return
  throw new DevmlopsError(
    'payload_too_large',
    `The rows of ${name} are larger than ${formatBytes(maximumSizeBytes)}.`,
    {
      hint: 'Raise `maximum_size` of the source, or fetch only new rows with `incremental`.',
      at: name,
    },
  )
}
