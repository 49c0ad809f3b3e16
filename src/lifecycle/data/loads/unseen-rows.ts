import { quoteName, quoteText, requireRow, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { relationOf, type LocalPart } from '../rows/relation.ts'
import type { TypedColumn } from '../rows/write-parquet.ts'

export interface UnseenRequest {
  /** The rows that were fetched, as text. */
  readonly table: string
  readonly columns: readonly TypedColumn[]
  readonly existing: { readonly columns: readonly Column[]; readonly parts: readonly LocalPart[] }
  readonly key: readonly string[]
  readonly cursor: { readonly column: string; readonly from: string | undefined }
}

/**
 * The fetched rows that the version does not have yet, as a table of text. Rows at the boundary, and within the lag, come
 * again with every load: with a key they are told by it; without one by all of their values, and of equal rows as many
 * are new as there are more of them than before.
 */
export async function unseenRows(tables: Tables, request: UnseenRequest): Promise<string> {
  const { table, columns, existing, key } = request
  const known = new Set(existing.columns.map(({ name }) => name))
  const compared = (key.length > 0 ? columns.filter(({ name }) => key.includes(name)) : columns).filter(
    ({ name }) => known.has(name),
  )
  if (compared.length === 0 || existing.parts.length === 0) return table
  const values = compared.map(({ value }, index) => `${value} AS c${index}`)
  const names = compared.map((_, index) => `c${index}`)
  const before = compared.map(({ name }, index) => `${quoteName(name)} AS c${index}`)
  const same = names.map((name) => `fresh.${name} IS NOT DISTINCT FROM seen.${name}`)
  const list = names.join(', ')
  // With a key a row is known however often and wherever in the version; the boundary alone is looked at without one.
  const window = key.length > 0 ? 'true' : withinWindow(request)
  const isNew = key.length > 0 ? 'seen.times IS NULL' : 'fresh.nth > coalesce(seen.times, 0)'
  await tables.run(
    `CREATE TEMP TABLE unseen AS SELECT ${table}.* FROM ${table} JOIN (
       SELECT fresh.position FROM (
         SELECT *, row_number() OVER (PARTITION BY ${list} ORDER BY position) AS nth
         FROM (SELECT rowid AS position, ${values.join(', ')} FROM ${table})
       ) fresh LEFT JOIN (
         SELECT ${list}, count(*) AS times
         FROM (SELECT ${before.join(', ')} FROM ${relationOf(existing.columns, existing.parts)} WHERE ${window})
         GROUP BY ${list}
       ) seen ON ${same.join(' AND ')} WHERE ${isNew}
     ) kept ON ${table}.rowid = kept.position`,
  )
  return 'unseen'
}

/**
 * How many of the fetched rows have a key that the version has already, with other values: an append leaves such a row as it
 * was first, and must say so.
 */
export async function changedAtSource(
  tables: Tables,
  request: Omit<UnseenRequest, 'cursor'>,
): Promise<number> {
  const { table, columns, existing, key } = request
  if (key.length === 0 || existing.parts.length === 0) return 0
  const known = new Set(existing.columns.map(({ name }) => name))
  const compared = columns.filter(({ name }) => known.has(name))
  const others = compared.filter(({ name }) => !key.includes(name))
  if (others.length === 0 || !key.every((name) => known.has(name))) return 0
  const fresh = compared.map(({ name, value }) => `${value} AS ${quoteName(name)}`)
  const join = key.map((name) => `fresh.${quoteName(name)} = seen.${quoteName(name)}`)
  const differ = others.map(
    ({ name }) =>
      `CAST(fresh.${quoteName(name)} AS VARCHAR) IS DISTINCT FROM CAST(seen.${quoteName(name)} AS VARCHAR)`,
  )
  const found = await tables.rows(
    `SELECT count(*) AS rows FROM (SELECT ${fresh.join(', ')} FROM ${table}) fresh
     JOIN ${relationOf(existing.columns, existing.parts)} seen ON ${join.join(' AND ')} WHERE ${differ.join(' OR ')}`,
  )
  return Number(requireRow(found)['rows'])
}

/**
 * The fetched rows that are not in quarantine already: those at the boundary would otherwise be put there with every load.
 * Told by all of their values, so that a corrected row is taken.
 */
export async function outsideQuarantine(
  tables: Tables,
  {
    table,
    columns,
    quarantined,
  }: Pick<UnseenRequest, 'table' | 'columns'> & { readonly quarantined: readonly string[] },
): Promise<string> {
  if (quarantined.length === 0) return table
  const relation = `read_parquet([${quarantined.map(quoteText).join(', ')}], union_by_name = true)`
  const known = new Set((await tables.columns(`SELECT * FROM ${relation}`)).map(({ name }) => name))
  const same = columns
    .filter(({ name }) => known.has(name))
    .map(({ name, value }, index) => ({
      fresh: `CAST(${value} AS VARCHAR) AS c${index}`,
      seen: `CAST(${quoteName(name)} AS VARCHAR) AS c${index}`,
      equal: `fresh.c${index} IS NOT DISTINCT FROM seen.c${index}`,
    }))
  if (same.length === 0) return table
  await tables.run(
    `CREATE TEMP TABLE outside AS SELECT * FROM ${table} WHERE rowid NOT IN (
       SELECT fresh.position FROM (SELECT rowid AS position, ${same.map(({ fresh }) => fresh).join(', ')} FROM ${table}) fresh
       JOIN (SELECT DISTINCT ${same.map(({ seen }) => seen).join(', ')} FROM ${relation}) seen
       ON ${same.map(({ equal }) => equal).join(' AND ')}
     )`,
  )
  return 'outside'
}

function withinWindow({ columns, existing, cursor }: UnseenRequest): string {
  const type = columns.find(({ name }) => name === cursor.column)?.sqlType
  const isKnown = existing.columns.some(({ name }) => name === cursor.column)
  if (cursor.from === undefined || type === undefined || !isKnown) return 'true'
  const column = quoteName(cursor.column)
  return `(${column} >= CAST(${quoteText(cursor.from)} AS ${type}) OR ${column} IS NULL)`
}
