import { quoteName, requireRow, type Row, type Tables } from '#platform/tables/index'
import type { CategoryProfile, LevelCount, NumberProfile } from './column-profile.ts'
import { isFloating, type Column } from '../rows/column-type.ts'
import { cellsOfCounts, type NumberCells, type ValueCount } from './number-cells.ts'
import { scanNumbers } from './scan-numbers.ts'
import type { ProfiledColumn, VersionProfile } from './version-profile.ts'

/** Levels counted by name, as many as in a column profile made from a frame. */
const namedLevels = 256
const shownLevels = 10
/** Beyond this a text is an identifier: counting each of its values tells nothing. */
const maximumCountedTexts = 100_000
const maximumCountedNumbers = 10_000

export interface ProfileRequest {
  readonly relation: string
  readonly columns: readonly Column[]
  /** The profile of the version before. */
  readonly earlier?: VersionProfile | undefined
}

/**
 * Profiles all rows of a relation by aggregates that DuckDB computes; nothing but the result comes to this side.
 *
 * Numbers are counted on the edges of the earlier profile while these still hold the bulk of the values, so that a
 * version and the one before it compare cell by cell.
 */
export async function profileTable(
  tables: Tables,
  { relation, columns, earlier }: ProfileRequest,
): Promise<VersionProfile> {
  const basics = await readBasics(tables, relation, columns)
  const rows = Number(basics['rows'])
  const summaries = new Map(columns.map((column, index) => [column.name, summaryOf(basics, index)]))
  const before = new Map(earlier?.columns.map((column) => [column.name, column]))
  const counted = new Map<string, CountedValue[]>()
  for (const column of columns) {
    const distinct = summaries.get(column.name)?.distinct ?? 0
    if (isCountable(column, distinct)) counted.set(column.name, await readCounts(tables, relation, column))
  }
  const scanned = await scanNumbers(tables, {
    relation,
    rows,
    columns: columns.flatMap((column) => {
      const value = numberOf(column)
      return value === undefined || counted.has(column.name)
        ? []
        : [{ name: column.name, value, earlier: sameType(column, before.get(column.name)) }]
    }),
  })
  const profiled = columns.map((column) => {
    const summary = summaries.get(column.name) as ColumnSummary
    const values = counted.get(column.name)
    const cells =
      numberOf(column) === undefined
        ? undefined
        : (scanned.get(column.name) ??
          cellsOfCounts(valueCounts(values ?? []), sameType(column, before.get(column.name))))
    return profiledColumn(column, { rows, summary, values, cells })
  })
  return { rows, columns: profiled }
}

function sameType(column: Column, earlier: ProfiledColumn | undefined): ProfiledColumn | undefined {
  return earlier?.type === column.type ? earlier : undefined
}

/** The value as a finite double, NULL otherwise; undefined for what is no number. */
function numberOf(column: Column): string | undefined {
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

interface ColumnSummary {
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

async function readBasics(tables: Tables, relation: string, columns: readonly Column[]): Promise<Row> {
  const aggregates = columns.flatMap((column, index) => {
    const name = quoteName(column.name)
    const nan = isFloating(column) ? `count(*) FILTER (WHERE isnan(${name}))` : '0'
    const common = [
      `count(${name}) - ${nan} AS c${index}_values`,
      `${nan} AS c${index}_nan`,
      `${column.type === 'other' ? '0' : `approx_count_distinct(${name})`} AS c${index}_distinct`,
    ]
    const value = numberOf(column)
    if (value === undefined) return common
    return [
      ...common,
      `count(${value}) AS c${index}_finite`,
      `min(${value}) AS c${index}_min`,
      `max(${value}) AS c${index}_max`,
      `avg(${value}) AS c${index}_mean`,
      // The square of a larger number has no room in a double, and DuckDB refuses the whole query.
      `var_pop(CASE WHEN abs(${value}) < 1e150 THEN ${value} END) AS c${index}_variance`,
    ]
  })
  return requireRow(
    await tables.rows(`SELECT ${['count(*) AS rows', ...aggregates].join(', ')} FROM ${relation}`),
  )
}

function summaryOf(row: Row, index: number): ColumnSummary {
  const cell = (name: string): number | null => {
    const value = Number(row[`c${index}_${name}`] ?? Number.NaN)
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

function isCountable({ type }: Column, distinct: number): boolean {
  if (type === 'other' || type === 'unknown') return false
  return distinct <= (type === 'text' ? maximumCountedTexts : maximumCountedNumbers)
}

interface CountedValue extends LevelCount {
  readonly value: number | null
}

/** Each value with its count, most frequent first: all of a number's, the named ones of a text. */
async function readCounts(tables: Tables, relation: string, column: Column): Promise<CountedValue[]> {
  const name = quoteName(column.name)
  const number = numberOf(column)
  const rows = await tables.rows(
    `SELECT CAST(${name} AS VARCHAR) AS level, ${number ?? 'NULL'} AS number, n FROM
       (SELECT ${name}, count(*) AS n FROM ${relation} WHERE ${name} IS NOT NULL GROUP BY ${name})
     ORDER BY n DESC, level ${number === undefined ? `LIMIT ${namedLevels}` : ''}`,
  )
  return rows.map(({ level, number, n }) => ({
    level: level as string,
    count: Number(n),
    value: number === null || number === undefined ? null : Number(number),
  }))
}

function valueCounts(counted: readonly CountedValue[]): ValueCount[] {
  return counted
    .flatMap(({ value, count }) => (value === null ? [] : [{ value, count }]))
    .sort((a, b) => a.value - b.value)
}

interface Parts {
  readonly rows: number
  readonly summary: ColumnSummary
  readonly values: readonly CountedValue[] | undefined
  readonly cells: NumberCells | undefined
}

function profiledColumn(column: Column, { rows, summary, values, cells }: Parts): ProfiledColumn {
  const levels = (values ?? []).map(({ level, count }) => ({ level, count }))
  // Text levels are cut off, so only a shorter list is known to be whole.
  const whole = values !== undefined && (cells !== undefined || values.length < namedLevels)
  const distinct = whole ? levels.length : summary.distinct
  const missing = rows - summary.values
  return {
    name: column.name,
    type: column.type,
    distinct,
    notANumber: summary.notANumber,
    quantiles: cells?.quantiles === undefined || cells.quantiles === null ? null : [...cells.quantiles],
    frequent: levels.slice(0, shownLevels),
    values:
      cells === undefined
        ? categoryProfile(summary, { missing, distinct, levels })
        : numberProfile(summary, missing, cells),
  }
}

function numberProfile(
  summary: ColumnSummary,
  missing: number,
  { edges, counts }: NumberCells,
): NumberProfile {
  const { values, finite, mean, variance, min, max } = summary
  return {
    kind: 'number',
    count: finite,
    missing,
    infinite: values - finite,
    mean,
    m2: variance * finite,
    min,
    max,
    edges: [...edges],
    counts: [...counts],
  }
}

function categoryProfile(
  { values }: ColumnSummary,
  { missing, distinct, levels }: { missing: number; distinct: number; levels: readonly LevelCount[] },
): CategoryProfile {
  return {
    kind: 'category',
    count: values,
    missing,
    levels: levels.map(({ level }) => level),
    counts: levels.map(({ count }) => count),
    other: values - levels.reduce((sum, { count }) => sum + count, 0),
    distinct,
    unseen: { count: 0, levels: [] },
  }
}
