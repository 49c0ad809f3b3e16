import { quoteName, quoteText, requireRow, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { relationOf, type LocalPart } from '../rows/relation.ts'
import { writeParquet } from '../rows/write-parquet.ts'

export interface UpsertRequest {
  /** Of the merged table. */
  readonly columns: readonly Column[]
  /** What is there. */
  readonly kept: readonly LocalPart[]
  /** What arrives, the later after the earlier. */
  readonly arriving: readonly LocalPart[]
  readonly key: readonly string[]
  /** Where there is one, the greater value wins; else the later row. */
  readonly cursor: string | undefined
  /** A row in which it is true removes the one with its key. */
  readonly deleted: string | undefined
  /** What arrives is older than what is there, as rows that were in quarantine are: it fills gaps only. */
  readonly isOlder: boolean
  /** Where the merged table is written. */
  readonly path: string
}

/**
 * One table with unique keys out of what is there and what arrives. Written anew as a whole, ordered by key: every reader
 * then reads it like any other, and the pages without a change are the same bytes as before, which are kept once.
 */
export async function mergeUpsert(tables: Tables, request: UpsertRequest): Promise<{ rows: number }> {
  const { columns, kept, key, path } = request
  await tables.run(`CREATE OR REPLACE TEMP TABLE upserted AS ${newestArriving(request)}`)
  const same = key
    .map((name) => `old.${quoteName(name)} IS NOT DISTINCT FROM new.${quoteName(name)}`)
    .join(' AND ')
  const cursor = columnOf(columns, request.cursor)
  const isNewer =
    cursor === undefined ? String(request.isOlder) : `coalesce(old.${cursor} > new.${cursor}, false)`
  const deleted = columnOf(columns, request.deleted)
  const stays = deleted === undefined ? 'true' : `NOT coalesce(try_cast(new.${deleted} AS BOOLEAN), false)`
  const names = columns.map(({ name }) => quoteName(name)).join(', ')
  const before =
    kept.length === 0
      ? `(SELECT ${names} FROM upserted WHERE false)`
      : `(SELECT ${names} FROM ${relationOf(columns, kept)})`
  await tables.run(
    `CREATE OR REPLACE TEMP VIEW merged AS
     SELECT old.* FROM ${before} old WHERE NOT EXISTS (SELECT 1 FROM upserted new WHERE ${same} AND NOT ${isNewer})
     UNION ALL
     SELECT ${names} FROM upserted new
     WHERE ${stays} AND NOT EXISTS (SELECT 1 FROM ${before} old WHERE ${same} AND ${isNewer})`,
  )
  const typed = columns.map(({ name, sqlType }) => ({ name, sqlType, value: quoteName(name) }))
  await writeParquet(tables, { path, columns: typed, from: 'merged', first: key })
  await tables.run('DROP VIEW merged')
  await tables.run('DROP TABLE upserted')
  const { rows } = requireRow(
    await tables.rows(`SELECT num_rows AS rows FROM parquet_file_metadata(${quoteText(path)})`),
  )
  return { rows: Number(rows) }
}

/** Of the arriving rows with one key, the newest. */
function newestArriving({ columns, arriving, key, cursor }: UpsertRequest): string {
  const names = columns.map(({ name }) => quoteName(name)).join(', ')
  const rounds = arriving.map(
    (part, round) =>
      `SELECT ${names}, ${round} AS round#, row_number() OVER () AS place# FROM ${relationOf(columns, [part])}`,
  )
  const quoted = columnOf(columns, cursor)
  const order = [...(quoted === undefined ? [] : [`${quoted} DESC NULLS LAST`]), 'round# DESC', 'place# DESC']
  const keys = key.map(quoteName).join(', ')
  return `SELECT ${names} FROM (${rounds.join(' UNION ALL ')})
    QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY ${order.join(', ')}) = 1`.replaceAll(
    /\b(round|place)#/g,
    '"$1#"',
  )
}

function columnOf(columns: readonly Column[], name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  // As SQL compares names.
  const found = columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  return found === undefined ? undefined : quoteName(found.name)
}
