import { sql, type RawBuilder } from 'kysely'
import { fail } from '#contract/errors'
import type { Engine } from '#platform/database/index'
import { filterLimits, type Comparison, type Filter, type Operator } from './filter.ts'

/**
 * A filter as one SQL condition. `compare` says what a single comparison means for the noun that is searched. NOT turns
 * everything that is not true into true: a missing value is not "unknown" to someone who excludes.
 */
export function toCondition(
  filter: Filter,
  compare: (comparison: Comparison) => RawBuilder<boolean>,
): RawBuilder<boolean> {
  if (filter.kind === 'comparison') return compare(filter)
  if (filter.kind === 'not') return sql<boolean>`((${toCondition(filter.part, compare)}) is not true)`
  const parts = filter.parts.map((part) => toCondition(part, compare))
  return sql<boolean>`(${sql.join(parts, filter.kind === 'and' ? sql` and ` : sql` or `)})`
}

/**
 * A comparison of a text column with `=`, `!=`, LIKE, ILIKE, IN, their NOT forms or IS NULL; other operators and values
 * that are not quoted fail with `invalid_input`. LIKE knows `%` and `_` and minds the case, ILIKE does not.
 */
export function textComparison(
  expression: RawBuilder<unknown>,
  comparison: Comparison,
  engine: Engine,
): RawBuilder<boolean> {
  const { operator } = comparison
  switch (operator) {
    case 'IS NULL':
    case 'IS NOT NULL':
      return nullTest(expression, operator)
    case '=':
    case '!=':
      return sql<boolean>`${expression} ${sql.raw(operator)} ${textOf(comparison)}`
    case 'LIKE':
    case 'NOT LIKE':
    case 'ILIKE':
    case 'NOT ILIKE':
      return likeness(expression, { operator, pattern: patternOf(comparison), engine })
    case 'IN':
    case 'NOT IN': {
      const items = listOf(comparison).filter((item) => typeof item === 'string')
      if (items.length < listOf(comparison).length) return refuseValue(comparison, 'a list of quoted strings')
      return membership(expression, operator, engine === 'postgres' ? textArray(items) : jsonList(items))
    }
    default:
      return refuseOperator(comparison, textOperators)
  }
}

/** A comparison of a column of numbers: the six comparators, IN, NOT IN, IS NULL. */
export function numberComparison(
  expression: RawBuilder<unknown>,
  comparison: Comparison,
  engine: Engine,
): RawBuilder<boolean> {
  const { operator, value } = comparison
  switch (operator) {
    case 'IS NULL':
    case 'IS NOT NULL':
      return nullTest(expression, operator)
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (value?.kind !== 'number') return refuseValue(comparison, 'a number')
      return sql<boolean>`${expression} ${sql.raw(operator)} ${numberValue(value.value, engine)}`
    case 'IN':
    case 'NOT IN': {
      const items = listOf(comparison).filter((item) => typeof item === 'number')
      if (items.length < listOf(comparison).length) return refuseValue(comparison, 'a list of numbers')
      return membership(
        expression,
        operator,
        engine === 'postgres' ? sql`(select unnest(${items}::double precision[]))` : jsonList(items),
      )
    }
    default:
      return refuseOperator(comparison, numberOperators)
  }
}

/** The operators of texts and of numbers, for nouns that check before they compare. */
export const textOperators: readonly Operator[] = [
  '=',
  '!=',
  'LIKE',
  'ILIKE',
  'NOT LIKE',
  'NOT ILIKE',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
]
export const numberOperators: readonly Operator[] = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
]

/** The field as it is written: `tags.owner`. */
export function fieldName({ prefix, key }: Pick<Comparison, 'prefix' | 'key'>): string {
  return prefix === undefined ? key : `${prefix}.${key}`
}

export function refuseOperator(comparison: Comparison, allowed: readonly Operator[]): never {
  return fail(
    'invalid_input',
    `Invalid comparator '${comparison.operator}' for ${fieldName(comparison)} at character ${comparison.position}; it takes one of ${allowed.join(', ')}.`,
    { at: 'filter' },
  )
}

function refuseValue(comparison: Comparison, expected: string): never {
  return fail(
    'invalid_input',
    `Expected ${expected} for ${fieldName(comparison)} at character ${comparison.position}. Got value ${written(comparison)}`,
    { at: 'filter' },
  )
}

function written({ value }: Comparison): string {
  if (value === undefined) return 'nothing'
  const texts = (value.kind === 'list' ? value.items : [value.value])
    .slice(0, 5)
    .map((item) => (typeof item === 'number' ? String(item) : `'${item.slice(0, 60)}'`))
  return value.kind === 'list' ? `(${texts.join(', ')})` : (texts[0] ?? '')
}

function textOf(comparison: Comparison): string {
  const { value } = comparison
  return value?.kind === 'string' ? value.value : refuseValue(comparison, "a quoted string (e.g. 'my-value')")
}

function patternOf(comparison: Comparison): string {
  const pattern = textOf(comparison)
  if (pattern.length <= filterLimits.patternLength) return pattern
  return fail(
    'invalid_input',
    `The pattern for ${fieldName(comparison)} at character ${comparison.position} is longer than ${filterLimits.patternLength} characters.`,
    { at: 'filter' },
  )
}

function listOf({ value }: Comparison): readonly (string | number)[] {
  return value?.kind === 'list' ? value.items : []
}

function nullTest(expression: RawBuilder<unknown>, operator: 'IS NULL' | 'IS NOT NULL'): RawBuilder<boolean> {
  return sql<boolean>`${expression} ${sql.raw(operator)}`
}

/**
 * SQLite has no ILIKE, and its LIKE minds the case here (a pragma of the connection). PostgreSQL takes a backslash for an
 * escape unless told otherwise, and refuses a pattern that ends with one.
 */
function likeness(
  expression: RawBuilder<unknown>,
  { operator, pattern, engine }: { operator: Operator; pattern: string; engine: Engine },
): RawBuilder<boolean> {
  const not = sql.raw(operator.startsWith('NOT') ? 'not ' : '')
  const minded = operator === 'LIKE' || operator === 'NOT LIKE'
  if (engine === 'postgres')
    return sql<boolean>`${expression} ${not}${sql.raw(minded ? 'like' : 'ilike')} ${pattern} escape ''`
  return minded
    ? sql<boolean>`${expression} ${not}like ${pattern}`
    : sql<boolean>`lower(${expression}) ${not}like lower(${pattern})`
}

/** One parameter for a list of any length: the text of the statement stays the same. */
function jsonList(items: readonly (string | number)[]): RawBuilder<unknown> {
  return sql`(select value from json_each(${JSON.stringify(items.map(finite))}))`
}

function textArray(items: readonly string[]): RawBuilder<unknown> {
  return sql`(select unnest(${items}::text[]))`
}

function membership(
  expression: RawBuilder<unknown>,
  operator: 'IN' | 'NOT IN',
  list: RawBuilder<unknown>,
): RawBuilder<boolean> {
  return sql<boolean>`${expression} ${sql.raw(operator.toLowerCase())} ${list}`
}

/** JSON has no infinity, and a null in its place would make NOT IN unknown for every row. */
function finite(item: string | number): string | number {
  return typeof item === 'number' && !Number.isFinite(item) ? Math.sign(item) * Number.MAX_VALUE : item
}

/** PostgreSQL would take the type of the column and refuse 1.5 for whole numbers; a whole number keeps an index in use. */
function numberValue(value: number, engine: Engine): RawBuilder<unknown> {
  if (engine === 'sqlite') return sql`${value}`
  return Number.isSafeInteger(value) ? sql`${value}::bigint` : sql`${value}::double precision`
}
