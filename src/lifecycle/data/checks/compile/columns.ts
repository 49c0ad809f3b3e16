import { nearestName } from '#platform/nearest-name'
import { quoteName, quoteText } from '#platform/tables/index'
import { isFloating, type Column, type ColumnType } from '../../rows/column-type.ts'
import { Uncheckable } from '../compiled-check.ts'

/** Columns as checks take them, and what keeps a check from being computed on them. */

/** A suite asks for the columns of one table again and again, and there may be ten thousand. */
const indices = new WeakMap<readonly Column[], ReadonlyMap<string, Column>>()

function indexOf(columns: readonly Column[]): ReadonlyMap<string, Column> {
  const known = indices.get(columns)
  if (known !== undefined) return known
  const index = new Map(columns.map((column) => [column.name, column]))
  indices.set(columns, index)
  return index
}

/** @throws Uncheckable with the nearest name. */
export function requireColumn(name: string, columns: readonly Column[]): Column {
  const found = indexOf(columns).get(name)
  if (found !== undefined) return found
  const near = nearestName(
    name,
    columns.map((column) => column.name),
  )
  const suggestion = near === undefined ? '' : `; did you mean "${near}"?`
  throw new Uncheckable(`there is no column "${name}"${suggestion}`)
}

/** The column with NaN as missing, as every check here takes it. */
export function valueOf(column: Column): string {
  const name = quoteName(column.name)
  return isFloating(column) ? `CASE WHEN isnan(${name}) THEN NULL ELSE ${name} END` : name
}

/** A condition: the row has a value in the column. */
export function hasValue(column: Column): string {
  const name = quoteName(column.name)
  // Not through valueOf: NaN is told apart once, and the reader skips rows by the rest.
  return isFloating(column) ? `(${name} IS NOT NULL AND NOT isnan(${name}))` : `${name} IS NOT NULL`
}

export function nanOf(column: Column): { readonly isNaN?: string } {
  return isFloating(column) ? { isNaN: `isnan(${quoteName(column.name)})` } : {}
}

export function isNumeric({ type }: Column): boolean {
  return type === 'integer' || type === 'number'
}

/** A column whose type is not known is empty, and fits any. */
export function requireType(column: Column, types: readonly ColumnType[], words: string): Column {
  if (column.type === 'unknown' || types.includes(column.type)) return column
  throw new Uncheckable(`column "${column.name}" is ${column.type}; ${words}`)
}

/** Whether values of two columns can be compared with each other. */
export function areComparable(first: Column, second: Column): boolean {
  const isTime = ({ type }: Column): boolean => type === 'date' || type === 'timestamp'
  return (
    first.type === second.type ||
    first.type === 'unknown' ||
    second.type === 'unknown' ||
    (isNumeric(first) && isNumeric(second)) ||
    (isTime(first) && isTime(second))
  )
}

export function requireNumber(column: Column, words: string): Column {
  return requireType(column, ['integer', 'number'], words)
}

export function requireText(column: Column, words: string): Column {
  return requireType(column, ['text'], words)
}

/** A limit as SQL in the type of the column. */
export function boundLiteral(limit: number | string, column: Column): string {
  const literal = literalOf(limit, column)
  if (literal !== undefined) return literal
  throw new Uncheckable(
    `column "${column.name}" is ${column.type} and cannot be compared with ${JSON.stringify(limit)}`,
  )
}

/** Type-strict: "1" is not 1. */
export function setLiteral(value: string | number | boolean, column: Column): string {
  const literal =
    typeof value === 'boolean'
      ? column.type === 'boolean' || column.type === 'unknown'
        ? String(value)
        : undefined
      : literalOf(value, column)
  if (literal !== undefined) return literal
  throw new Uncheckable(
    `column "${column.name}" is ${column.type}, and ${JSON.stringify(value)} in the set is not`,
  )
}

function literalOf(value: number | string, column: Column): string | undefined {
  if (column.type === 'unknown') return typeof value === 'number' ? String(value) : quoteText(value)
  if (typeof value === 'number') return isNumeric(column) ? numberLiteral(value) : undefined
  if (column.type === 'text') return quoteText(value)
  if (column.type !== 'date' && column.type !== 'timestamp') return undefined
  const isTime = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$/.test(value)
  return isTime && !Number.isNaN(Date.parse(value)) ? `TIMESTAMP ${quoteText(value)}` : undefined
}

/** As a double, not as a decimal: what does not fit 38 digits would be no number in SQL. */
function numberLiteral(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : `${value}::DOUBLE`
}
