import { quoteName, requireRow, type Row, type Tables } from '#platform/tables/index'
import { isFloating, type Column } from '../rows/column-type.ts'
import type { NumberScale } from './number-sketch.ts'

/** The value as a finite double, NULL otherwise; undefined for what is no number. */
export function numberOf(column: Column): string | undefined {
  const name = quoteName(column.name)
  switch (column.type) {
    case 'integer':
    case 'boolean':
      return `CAST(${name} AS DOUBLE)`
    case 'number':
      return isFloating(column)
        ? `CASE WHEN isfinite(${name}) THEN CAST(${name} AS DOUBLE) END`
        : `CAST(${name} AS DOUBLE)`
    case 'date':
    case 'timestamp': {
      const time = `CAST(${name} AS TIMESTAMP)`
      return `CASE WHEN isfinite(${time}) THEN CAST(epoch_ms(${time}) AS DOUBLE) END`
    }
    case 'text':
    case 'other':
    case 'unknown':
      return undefined
  }
}

/** The value in the form that is hashed, so that it is the same however a file spells its type. */
export function hashedValueOf(column: Column): string {
  const name = quoteName(column.name)
  // As a double, two identifiers beyond 2^53 would be one.
  if (column.type === 'integer') return name
  return numberOf(column) ?? `CAST(${name} AS VARCHAR)`
}

export function scaleOf({ type }: Column): NumberScale {
  if (type === 'date') return 'day'
  return type === 'timestamp' ? 'millisecond' : 'logarithm'
}

export interface ColumnSummary {
  /** Neither NULL nor NaN. */
  readonly values: number
  readonly finite: number
  readonly notANumber: number
  readonly distinct: number
  readonly min: number | null
  readonly max: number | null
  readonly mean: number
  readonly variance: number
}

export interface TableSummary {
  readonly rows: number
  readonly columns: ReadonlyMap<string, ColumnSummary>
  /** What computes DuckDB's hashes: they may change with its version. */
  readonly hash: string
}

/** Columns of one statement: the time to plan one grows with the square of its aggregates. */
const columnsTogether = 200

/** What one scan can tell about all columns; of a very wide table, a scan for each two hundred of them. */
export async function summarizeColumns(
  tables: Tables,
  relation: string,
  columns: readonly Column[],
): Promise<TableSummary> {
  const facts = ['count(*) AS rows', `regexp_extract(version(), '^v?\\d+\\.\\d+') AS engine`]
  const summaries = new Map<string, ColumnSummary>()
  let row: Row = {}
  for (let at = 0; at === 0 || at < columns.length; at += columnsTogether) {
    const some = columns.slice(at, at + columnsTogether)
    const aggregates = some.flatMap((column, index) => aggregatesOf(column, `c${index}`))
    row = requireRow(await tables.rows(`SELECT ${[...facts, ...aggregates].join(', ')} FROM ${relation}`))
    for (const [index, { name }] of some.entries()) summaries.set(name, summaryOf(row, `c${index}`))
  }
  return { rows: Number(row['rows']), columns: summaries, hash: `duckdb ${row['engine'] as string}` }
}

function aggregatesOf(column: Column, prefix: string): string[] {
  const name = quoteName(column.name)
  const nan = isFloating(column) ? `count(*) FILTER (WHERE isnan(${name}))` : '0'
  const common = [
    `count(${name}) - ${nan} AS ${prefix}_values`,
    `${nan} AS ${prefix}_nan`,
    `${column.type === 'other' ? '0' : `approx_count_distinct(${name})`} AS ${prefix}_distinct`,
  ]
  const value = numberOf(column)
  if (value === undefined) return common
  return [
    ...common,
    `count(${value}) AS ${prefix}_finite`,
    `min(${value}) AS ${prefix}_min`,
    `max(${value}) AS ${prefix}_max`,
    `avg(${value}) AS ${prefix}_mean`,
    // The square of a larger number has no room in a double, and DuckDB refuses the whole query.
    `var_pop(CASE WHEN abs(${value}) < 1e150 THEN ${value} END) AS ${prefix}_variance`,
  ]
}

function summaryOf(row: Row, prefix: string): ColumnSummary {
  const cell = (name: string): number | null => {
    const value = Number(row[`${prefix}_${name}`] ?? Number.NaN)
    return Number.isFinite(value) ? value : null
  }
  return {
    values: cell('values') ?? 0,
    finite: cell('finite') ?? 0,
    notANumber: cell('nan') ?? 0,
    distinct: cell('distinct') ?? 0,
    min: cell('min'),
    max: cell('max'),
    mean: cell('mean') ?? 0,
    variance: cell('variance') ?? 0,
  }
}
