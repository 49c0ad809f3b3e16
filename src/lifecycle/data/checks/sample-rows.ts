import { quoteName, type Cell, type Row, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import type { CompiledCheck } from './compile-check.ts'
import { keyCounts } from './judge-check.ts'
import type { Sample } from './validation.ts'

const shownRows = 5
const shownColumns = 8

export interface Sampler {
  /** The first rows that do not meet a check: their numbers, and what the check is about. */
  rowsOf(compiled: CompiledCheck, columns: readonly string[]): Promise<Sample[]>
}

interface SamplerOptions {
  readonly columns: readonly Column[]
  readonly files: readonly { readonly name: string; readonly rows: number }[]
  readonly key: readonly string[]
}

export function createSampler(tables: Tables, { columns, files, key }: SamplerOptions): Sampler {
  const numbered = 'SELECT row_number() OVER () AS "row#", * FROM arrival'
  return {
    rowsOf: async (compiled, checked) => {
      const shown = columns.filter(({ name }) => checked.includes(name) || key.includes(name))
      const list = ['"row#"', ...shown.map(shownValue)].join(', ')
      if (compiled.shape === 'rows') {
        const { considered, unexpected } = compiled
        const where = `${considered} AND ${unexpected}`
        const rows = await tables.rows(`SELECT ${list} FROM (${numbered}) WHERE ${where} LIMIT ${shownRows}`)
        return rows.map((row) => placed(row, files))
      }
      if (compiled.shape === 'keys') {
        const same = compiled.keys.map((one, index) => `${one} IS NOT DISTINCT FROM k${index}`).join(' AND ')
        const repeated = `SELECT * FROM (${keyCounts(compiled.keys)}) WHERE n > 1`
        const rows = await tables.rows(
          `SELECT ${list} FROM (${numbered}) SEMI JOIN (${repeated}) ON ${same} ORDER BY "row#" LIMIT ${shownRows}`,
        )
        return rows.map((row) => placed(row, files))
      }
      if (compiled.shape !== 'query') return []
      const described = await tables.columns(`SELECT * FROM (${compiled.query})`)
      const cells = described.slice(0, shownColumns).map(({ name, type }) => shownCell(name, type))
      const rows = await tables.rows(`SELECT ${cells.join(', ')} FROM (${compiled.query}) LIMIT ${shownRows}`)
      return rows.map((row) => ({ values: plainValues(row) }))
    },
  }
}

function shownValue({ name, sqlType }: Column): string {
  return shownCell(name, sqlType)
}

/** Numbers, text and truth values as they are; everything else as SQL writes it, such as dates without a time. */
export function shownCell(name: string, sqlType: string): string {
  const column = quoteName(name)
  const plain = /^(VARCHAR|BOOLEAN|DOUBLE|FLOAT|U?(TINYINT|SMALLINT|INTEGER|BIGINT))$/.test(sqlType)
  return plain ? column : `CAST(${column} AS VARCHAR) AS ${column}`
}

function placed(row: Row, files: readonly { readonly name: string; readonly rows: number }[]): Sample {
  const { 'row#': position, ...values } = row
  let remaining = Number(position)
  for (const { name, rows } of files) {
    if (remaining <= rows) return { row: remaining, file: name, values: plainValues(values) }
    remaining -= rows
  }
  return { values: plainValues(values) }
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
