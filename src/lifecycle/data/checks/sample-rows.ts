import { quoteName, type Cell, type Row, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import type { PreparedCheck } from './compile-check.ts'
import { columnsOf } from './named-columns.ts'
import type { QueryCheck } from './compiled-check.ts'
import { failingRows } from './failing-rows.ts'
import { columnsOfQuery } from './one-select.ts'
import type { Sample } from './validation.ts'

const shownRows = 5
const shownColumns = 8

export interface Sampler {
  /** The first rows that do not meet a check: their numbers, and what the check is about. */
  rowsOf(prepared: PreparedCheck): Promise<Sample[]>
}

export interface FilePlace {
  readonly name: string
  readonly rows: number
}

interface SamplerOptions {
  readonly columns: readonly Column[]
  readonly files: readonly FilePlace[]
  readonly key: readonly string[]
}

export function createSampler(tables: Tables, { columns, files, key }: SamplerOptions): Sampler {
  return {
    rowsOf: async (prepared) => {
      const { compiled, check } = prepared
      if (compiled.shape === 'query') return queriedRows(tables, compiled)
      const failing = failingRows(prepared)
      if (failing === undefined) return []
      const checked = columnsOf(check)
      const shown = columns.filter(({ name }) => checked.includes(name) || key.includes(name))
      const list = ['"row#"', ...shown.map(({ name, sqlType }) => shownCell(name, sqlType))].join(', ')
      // In the order of the file, which costs little among the few; without it the first found would be as good.
      const order = compiled.shape === 'rows' && compiled.from === undefined ? '' : ' ORDER BY "row#"'
      const rows = await tables.rows(`SELECT ${list} FROM ${failing}${order} LIMIT ${shownRows}`)
      return rows.map((row) => placed(row, files))
    },
  }
}

async function queriedRows(tables: Tables, { query, key }: QueryCheck): Promise<Sample[]> {
  const given = await columnsOfQuery(tables, query, key)
  const cells = given.slice(0, shownColumns).map(({ name, sqlType }) => shownCell(name, sqlType))
  const rows = await tables.rows(`SELECT ${cells.join(', ')} FROM (${query}\n) LIMIT ${shownRows}`)
  return rows.map((row) => ({ values: plainValues(row) }))
}

/** Numbers, text and truth values as they are; everything else as SQL writes it, such as dates without a time. */
export function shownCell(name: string, sqlType: string): string {
  const column = quoteName(name)
  const plain = /^(VARCHAR|BOOLEAN|DOUBLE|FLOAT|U?(TINYINT|SMALLINT|INTEGER|BIGINT))$/.test(sqlType)
  return plain ? column : `CAST(${column} AS VARCHAR) AS ${column}`
}

/** The row of a file that a place among all rows is. */
export function placeOf(
  position: number,
  files: readonly FilePlace[],
): { row: number; file: string } | undefined {
  let remaining = position
  for (const { name, rows } of files) {
    if (remaining <= rows) return { row: remaining, file: name }
    remaining -= rows
  }
  return undefined
}

function placed(row: Row, files: readonly FilePlace[]): Sample {
  const { 'row#': position, ...values } = row
  return { ...placeOf(Number(position), files), values: plainValues(values) }
}

/** Cells as JSON has them. */
export function plainValues(row: Row): Record<string, string | number | boolean | null> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(value)]))
}

function plainValue(value: Cell): string | number | boolean | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value)
}
