import { quoteName, quoteText, type Tables } from '#platform/tables/index'
import { isFloating, type Column } from '../../rows/column-type.ts'
import type { PreparedCheck } from '../compile-check.ts'
import { columnsOf } from '../named-columns.ts'
import { failingRows } from '../failing-rows.ts'
import { columnsOfQuery, requireOneSelect } from '../one-select.ts'

/** What a query of failing rows gives: `"row#"` and `cells`, a JSON object. */
export interface FailureQuery {
  readonly sql: string
  /** What the cells may have. */
  readonly columns: readonly string[]
}

const mostQueryColumns = 50

/** A query of all rows that do not meet a check; undefined where a check is not about rows. */
export async function failureQuery(
  tables: Tables,
  prepared: PreparedCheck,
  { columns, key }: { readonly columns: readonly Column[]; readonly key: readonly string[] },
): Promise<FailureQuery | undefined> {
  const { compiled, check } = prepared
  if (compiled.shape === 'query') {
    await requireOneSelect(tables, compiled.query)
    const all = await columnsOfQuery(tables, compiled.query, compiled.key)
    const given = all.slice(0, mostQueryColumns)
    const cells = cellsOf(given)
    return {
      sql: `SELECT row_number() OVER () AS "row#", ${cells} AS cells FROM (${compiled.query}\n)`,
      columns: given.map(({ name }) => name),
    }
  }
  if (compiled.shape === 'rows') await compiled.prepare?.(tables)
  const failing = failingRows(prepared)
  if (failing === undefined) return undefined
  const wanted = new Set([...key, ...columnsOf(check)])
  const shown = columns.filter(({ name }) => wanted.has(name))
  return {
    sql: `SELECT "row#", ${cellsOf(shown)} AS cells FROM ${failing}`,
    columns: shown.map(({ name }) => name),
  }
}

function cellsOf(columns: readonly Pick<Column, 'name' | 'sqlType'>[]): string {
  const pairs = columns.map((column) => `${quoteText(column.name)}, ${cellOf(column)}`)
  return `CAST(json_object(${pairs.join(', ')}) AS VARCHAR)`
}

/** As JSON has it: numbers and truth values as they are, everything else as SQL writes it. */
function cellOf({ name, sqlType }: Pick<Column, 'name' | 'sqlType'>): string {
  const column = quoteName(name)
  // JSON knows neither NaN nor infinity.
  if (isFloating({ name, sqlType, type: 'number' })) {
    return `CASE WHEN isfinite(${column}) THEN to_json(${column}) ELSE to_json(CAST(${column} AS VARCHAR)) END`
  }
  const plain = /^(BOOLEAN|U?(TINYINT|SMALLINT|INTEGER))$/.test(sqlType)
  // Beyond 2^53 a number of JSON would be another one when it is read.
  if (/^U?BIGINT$/.test(sqlType)) {
    return `CASE WHEN abs(CAST(${column} AS HUGEINT)) <= 9007199254740991 THEN to_json(${column}) ELSE to_json(CAST(${column} AS VARCHAR)) END`
  }
  return plain ? column : `CAST(${column} AS VARCHAR)`
}
