import { nearestName } from '#platform/nearest-name'
import { quoteName, quoteText } from '#platform/tables/index'
import { isFloating, type Column } from '../rows/column-type.ts'
import type { Check, CheckOf } from './expectation.ts'

/** A check as SQL over a table. */
export type CompiledCheck =
  /** Row by row: conditions on the rows that are considered and, of those, on the unexpected ones. */
  | {
      readonly shape: 'rows'
      readonly considered: string
      readonly unexpected: string
      readonly isNaN?: string
    }
  /** One aggregate whose value the limits are about. */
  | { readonly shape: 'value'; readonly value: string }
  /** Needs a query of its own: how often each key occurs. */
  | { readonly shape: 'keys'; readonly keys: readonly string[] }
  /** Needs a query of its own: it gives the unexpected rows. */
  | { readonly shape: 'query'; readonly query: string }
  /** Cannot be computed on this table. */
  | { readonly shape: 'error'; readonly reason: string }

export type TableCheck = Exclude<Check, { kind: 'schema' }>

export function compileCheck(check: TableCheck, columns: readonly Column[]): CompiledCheck {
  const known = new Map(columns.map((column) => [column.name, column]))
  const wanted = columnsOf(check)
  for (const name of wanted) if (!known.has(name)) return missingColumn(name, columns)
  const of = (name: string): Column => known.get(name) as Column
  if (
    (check.kind === 'between' || check.kind === 'in_set' || check.kind === 'matches') &&
    isEmpty(of(check.column))
  ) {
    return { shape: 'rows', considered: 'false', unexpected: 'false' }
  }
  switch (check.kind) {
    case 'not_null': {
      const column = of(check.column)
      const isNaN = isFloating(column) ? { isNaN: `isnan(${quoteName(column.name)})` } : {}
      return { shape: 'rows', considered: 'true', unexpected: `${valueOf(column)} IS NULL`, ...isNaN }
    }
    case 'unique':
      return { shape: 'keys', keys: check.columns.map((name) => valueOf(of(name))) }
    case 'between':
      return compileBetween(check, of(check.column))
    case 'in_set':
      return compileInSet(check, of(check.column))
    case 'matches':
      return compileMatches(check, of(check.column))
    case 'row_count':
      return { shape: 'value', value: 'count(*)' }
    case 'mean': {
      const column = of(check.column)
      const value = `avg(CAST(${valueOf(column)} AS DOUBLE))`
      return isNumeric(column) ? { shape: 'value', value } : wrongType(column, 'numbers have a mean')
    }
    case 'distinct_count':
      return { shape: 'value', value: `count(DISTINCT ${valueOf(of(check.column))})` }
    case 'fresh': {
      const column = of(check.column)
      const value = `epoch_ms(max(CAST(${valueOf(column)} AS TIMESTAMP)))`
      const isTime = column.type === 'timestamp' || column.type === 'date'
      return isTime ? { shape: 'value', value } : wrongType(column, 'a date or timestamp tells an age')
    }
    case 'sql':
      return { shape: 'query', query: check.query.trim().replace(/;\s*$/, '') }
  }
}

export function columnsOf(check: Check): readonly string[] {
  if (check.kind === 'schema') return Object.keys(check.columns)
  if (check.kind === 'unique') return check.columns
  return 'column' in check ? [check.column] : []
}

/** The column with NaN as missing, as every check here takes it. */
export function valueOf(column: Column): string {
  const name = quoteName(column.name)
  return isFloating(column) ? `CASE WHEN isnan(${name}) THEN NULL ELSE ${name} END` : name
}

/** No row has a value, so the type is not known and no value is wrong. */
function isEmpty(column: Column): boolean {
  return column.type === 'unknown'
}

function isNumeric(column: Column): boolean {
  return column.type === 'integer' || column.type === 'number'
}

function compileBetween(check: CheckOf<'between'>, column: Column): CompiledCheck {
  const bounds: string[] = []
  for (const [bound, operator] of [
    [check.minimum, check.strictMinimum ? '<=' : '<'],
    [check.maximum, check.strictMaximum ? '>=' : '>'],
  ] as const) {
    if (bound === undefined) continue
    const literal = boundLiteral(bound, column)
    if (literal === undefined) {
      const words = `${column.type} cannot be compared with ${JSON.stringify(bound)}`
      return { shape: 'error', reason: `column "${column.name}" is ${words}` }
    }
    bounds.push(`${valueOf(column)} ${operator} ${literal}`)
  }
  if (bounds.length === 0) return { shape: 'error', reason: 'neither a minimum nor a maximum is given' }
  return {
    shape: 'rows',
    considered: `${valueOf(column)} IS NOT NULL`,
    unexpected: `(${bounds.join(' OR ')})`,
  }
}

function boundLiteral(bound: number | string, column: Column): string | undefined {
  if (typeof bound === 'number') return isNumeric(column) ? String(bound) : undefined
  if (column.type === 'text') return quoteText(bound)
  if (column.type !== 'date' && column.type !== 'timestamp') return undefined
  const isTime = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$/.test(bound)
  return isTime && !Number.isNaN(Date.parse(bound)) ? `TIMESTAMP ${quoteText(bound)}` : undefined
}

function compileInSet(check: CheckOf<'in_set'>, column: Column): CompiledCheck {
  const literals = check.values.map((value) => setLiteral(value, column))
  const wrong = check.values[literals.indexOf(undefined)]
  if (wrong !== undefined) {
    const reason = `column "${column.name}" is ${column.type}, and ${JSON.stringify(wrong)} in the set is not`
    return { shape: 'error', reason }
  }
  const value = valueOf(column)
  return {
    shape: 'rows',
    considered: `${value} IS NOT NULL`,
    unexpected: `${value} NOT IN (${literals.join(', ')})`,
  }
}

/** Type-strict: "1" is not 1. */
function setLiteral(value: string | number | boolean, column: Column): string | undefined {
  if (typeof value === 'number') return isNumeric(column) ? String(value) : undefined
  if (typeof value === 'boolean') return column.type === 'boolean' ? String(value) : undefined
  return column.type === 'text' ? quoteText(value) : boundLiteral(value, column)
}

function compileMatches(check: CheckOf<'matches'>, column: Column): CompiledCheck {
  if (column.type !== 'text') return wrongType(column, 'a pattern is about text')
  const name = quoteName(column.name)
  const matcher = check.match === 'full' ? 'regexp_full_match' : 'regexp_matches'
  return {
    shape: 'rows',
    considered: `${name} IS NOT NULL`,
    unexpected: `NOT ${matcher}(${name}, ${quoteText(check.pattern)})`,
  }
}

function wrongType(column: Column, expected: string): CompiledCheck {
  return { shape: 'error', reason: `column "${column.name}" is ${column.type}; ${expected}` }
}

function missingColumn(name: string, columns: readonly Column[]): CompiledCheck {
  const near = nearestName(
    name,
    columns.map((column) => column.name),
  )
  const suggestion = near === undefined ? '' : `; did you mean "${near}"?`
  return { shape: 'error', reason: `there is no column "${name}"${suggestion}` }
}
