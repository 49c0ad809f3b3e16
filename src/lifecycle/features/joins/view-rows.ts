import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import { isTimeType, quoteName, requireRow, type Tables } from '#platform/tables/index'
import { originOf, type FeatureConfig } from '../feature-contract.ts'
import { sourceColumns, type EntityView } from '../views/feature-view.ts'
import { orderKey, type OrderKey, type Span } from './order-key.ts'
import { sourceTable, type SourceColumn } from './source-table.ts'

/** The column that is looked at where a view does not say when its rows became known. */
const usualCreatedColumn = 'created_at'

/**
 * A view over its source: a relation with the keys as `k0`, `k1`, …, the time a row holds from as `e`, the time it became
 * known as `c` (both in microseconds since 1970, UTC), its place in the source as `n`, and what the features take from a
 * row as `f0`, `f1`, …: names of the user's could be any of these.
 */
export interface ViewRows {
  readonly sql: string
  readonly keys: readonly string[]
  /** One a feature, in their order. */
  readonly values: readonly string[]
  readonly hasCreated: boolean
  /** Undefined where it does not fit into a number. */
  readonly order: OrderKey | undefined
  /** What a person should know about the source. */
  readonly notes: readonly string[]
}

export interface ViewSource {
  readonly name: string
  readonly view: EntityView
  /** A DuckDB FROM expression. */
  readonly relation: string
  readonly features: readonly string[]
}

/** @throws invalid_input, naming the column that the source lacks or that is no time */
export async function viewRows(tables: Tables, source: ViewSource): Promise<ViewRows> {
  const { name, view, relation } = source
  const own = Object.values(view.features).some((feature) => feature.sql !== undefined)
  const described = await tables.columns(`SELECT * FROM ${relation}`)
  requireColumns(`The source of the feature view "${name}"`, sourceColumns(view), described)
  const created = createdColumn(view, described)
  const wanted = [...sourceColumns(view), ...(created === undefined ? [] : [created])]
  const { from, columns, place, placeBits } = await sourceTable(tables, relation, own ? 'all' : wanted)
  const event = await readTimes(tables, { from, column: view.time, columns })
  const known = created === undefined ? event : await readTimes(tables, { from, column: created, columns })
  const keys = view.entity.map((_, i) => `k${i}`)
  const list = [
    ...view.entity.map((column, i) => `${quoteName(column)} AS k${i}`),
    `${event.sql} AS e`,
    `${known.sql} AS c`,
    `${place} AS n`,
    ...source.features.map((feature, i) => `${rowValue(featureOf(source, feature), columns)} AS f${i}`),
  ]
  const there = [...keys, 'e', 'c'].map((column) => `${column} IS NOT NULL`).join(' AND ')
  return {
    sql: `(SELECT * FROM (SELECT ${list.join(', ')} FROM ${from}) WHERE ${there})`,
    keys,
    values: source.features.map((_, i) => `f${i}`),
    hasCreated: created !== undefined,
    order:
      event.span === undefined || known.span === undefined
        ? undefined
        : orderKey(event.span, created === undefined ? undefined : known.span, placeBits),
    notes: created === undefined && view.created !== 'none' ? [noCreated(name)] : [],
  }
}

export function featureOf({ name, view }: ViewSource, feature: string): FeatureConfig {
  return view.features[feature] ?? fail('internal', `${name} has no ${feature}.`)
}

function noCreated(name: string): string {
  return (
    `${name}: the source does not say when its rows became known, so a value that was filled in later counts as known ` +
    'at its own time. Name the column with `created:`, or write `created: none` if none was ever filled in.'
  )
}

function createdColumn(view: EntityView, columns: readonly SourceColumn[]): string | undefined {
  if (view.created !== undefined) return view.created === 'none' ? undefined : view.created
  return columns.some(({ name }) => name === usualCreatedColumn) ? usualCreatedColumn : undefined
}

/** A column of times and what it spans; undefined when it is empty or reaches into infinity, which is no moment. */
async function readTimes(
  tables: Tables,
  { from, column, columns }: { from: string; column: string; columns: readonly SourceColumn[] },
): Promise<{ sql: string; span: Span | undefined }> {
  const checked = microseconds(column, columns)
  const bound = (of: string): string => `CAST(${of}(${quoteName(column)}) AS TIMESTAMP)`
  const exact = (of: string): string => `CAST(CASE WHEN isfinite(${of}) THEN epoch_us(${of}) END AS VARCHAR)`
  // Parquet keeps the bounds of a column, so this reads no row.
  const { e0, e1 } = requireRow(
    await tables.rows(
      `SELECT ${exact('v0')} AS e0, ${exact('v1')} AS e1 FROM (SELECT ${bound('min')} AS v0, ${bound('max')} AS v1 FROM ${from})`,
    ),
  )
  if (typeof e0 !== 'string' || typeof e1 !== 'string') return { sql: checked, span: undefined }
  return {
    sql: `epoch_us(${momentOf(column, columns)})`,
    span: { first: BigInt(e0), last: BigInt(e1) },
  }
}

/** A time as whole microseconds; NULL for what is no moment (infinity). */
export function microseconds(name: string, columns: readonly SourceColumn[]): string {
  const type = typeOf(name, columns)
  if (!isTimeType(type)) {
    return fail('invalid_input', `Column "${name}" is ${type}, and a time is expected.`, {
      hint: `Turn it into one in the step before: CAST(${name} AS TIMESTAMP), or make_timestamp_ms(${name}).`,
      at: name,
    })
  }
  const moment = momentOf(name, columns)
  return `CASE WHEN isfinite(${moment}) THEN epoch_us(${moment}) END`
}

/** A time with a zone is UTC underneath; casting it to one without goes through the calendar, 2 s for 10 M rows. */
function momentOf(name: string, columns: readonly SourceColumn[]): string {
  const column = quoteName(name)
  return typeOf(name, columns) === 'TIMESTAMP WITH TIME ZONE' ? column : `CAST(${column} AS TIMESTAMP)`
}

export function typeOf(name: string, columns: readonly SourceColumn[]): string {
  return (
    columns.find((column) => column.name === name)?.type ?? fail('internal', `There is no column ${name}.`)
  )
}

/** What a feature takes from one row; aggregates and lags go on from there. */
function rowValue(feature: FeatureConfig, columns: readonly SourceColumn[]): string {
  const { ratio, difference, sql } = feature
  switch (originOf(feature)) {
    case 'column':
      return quoteName(feature.column ?? '')
    case 'lag':
      return quoteName(feature.lag ?? '')
    case 'aggregate':
      return feature.of === undefined ? '1' : known(feature.of, columns)
    case 'ratio': {
      const [above = '', below = ''] = (ratio ?? []).map((name) => `CAST(${quoteName(name)} AS DOUBLE)`)
      return `CASE WHEN ${below} <> 0 THEN ${above} / ${below} END`
    }
    case 'difference': {
      const [left = '', right = ''] = (difference ?? []).map((name) =>
        isTimeType(typeOf(name, columns))
          ? `${microseconds(name, columns)} / 1000.0`
          : `CAST(${quoteName(name)} AS DOUBLE)`,
      )
      return `${left} - ${right}`
    }
    case 'sql':
      return `(${sql})`
  }
}

/** NaN is how some files write that a number is missing; it must not swallow a sum. */
function known(name: string, columns: readonly SourceColumn[]): string {
  const column = quoteName(name)
  if (!/^(FLOAT|DOUBLE)/.test(typeOf(name, columns))) return column
  return `CASE WHEN isnan(${column}) THEN NULL ELSE ${column} END`
}

/** @throws invalid_input with the nearest name */
export function requireColumns(
  what: string,
  wanted: readonly string[],
  columns: readonly SourceColumn[],
): void {
  const there = columns.map(({ name }) => name)
  const missing = wanted.find((name) => !there.includes(name))
  if (missing === undefined) return
  const near = nearestName(missing, there)
  fail('invalid_input', `${what} has no column "${missing}".`, {
    hint: near === undefined ? `It has ${there.join(', ')}.` : `Did you mean "${near}"?`,
    at: missing,
  })
}
