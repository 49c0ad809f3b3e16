import { quoteName, quoteText } from '#platform/tables/index'
import type { CompilersOf } from './compilers.ts'
import { Uncheckable, type RowsCheck } from '../compiled-check.ts'
import {
  boundLiteral,
  hasValue,
  nanOf,
  requireColumn,
  requireNumber,
  setLiteral,
  valueOf,
} from './columns.ts'
import { isFloating } from '../../rows/column-type.ts'
import { columnRows, missingCounting, setRows, strictRows } from './column-rows.ts'
import type { rowForms } from '../forms/row-forms.ts'
import { orderedChecks } from './ordered-checks.ts'
import { judgePresence } from './presence.ts'

type Kinds = Exclude<keyof typeof rowForms, keyof typeof orderedChecks>

/** No row has a value, so the type is not known and no value is wrong. */
const nothing: RowsCheck = { shape: 'rows', considered: 'false', unexpected: 'false' }

export const rowChecks: CompilersOf<Kinds> & typeof orderedChecks = {
  ...orderedChecks,
  not_null: ({ column: name }, { columns }) => {
    const column = requireColumn(name, columns)
    return {
      shape: 'rows',
      considered: 'true',
      unexpected: `NOT ${hasValue(column)}`,
      ...nanOf(column),
      counting: missingCounting(column),
    }
  },
  is_null: ({ column: name }, { columns }) => {
    const column = requireColumn(name, columns)
    return { shape: 'rows', considered: 'true', unexpected: hasValue(column) }
  },
  not_missing: ({ column: name, tokens, pattern }, { columns }) => {
    const column = requireColumn(name, columns)
    const text =
      column.type === 'text' ? quoteName(column.name) : `CAST(${quoteName(column.name)} AS VARCHAR)`
    const missing = [
      `NOT ${hasValue(column)}`,
      ...(tokens.length === 0 ? [] : [`${text} IN (${tokens.map(quoteText).join(', ')})`]),
      ...(pattern === undefined ? [] : [`regexp_full_match(${text}, ${quoteText(pattern)})`]),
    ]
    return { shape: 'rows', considered: 'true', unexpected: `(${missing.join(' OR ')})`, ...nanOf(column) }
  },
  presence: (check, { columns, filter }) => {
    const column = requireColumn(check.column, columns)
    if (check.minimum_fraction === undefined && check.minimum_count === undefined) {
      throw new Uncheckable('neither a minimum_fraction nor a minimum_count is given')
    }
    return {
      shape: 'value',
      aggregates: [`count(${valueOf(column)})${filter}`, `count(*)${filter}`],
      judge: ([present, total]) => judgePresence(check, { present: Number(present), total: Number(total) }),
    }
  },
  between: (check, { columns }) => {
    const column = requireColumn(check.column, columns)
    const { minimum, maximum } = check
    if (minimum === undefined && maximum === undefined) {
      throw new Uncheckable('neither a minimum nor a maximum is given')
    }
    if (typeof minimum === typeof maximum && minimum !== undefined && maximum !== undefined) {
      if (minimum > maximum) throw new Uncheckable(`the minimum ${minimum} is above the maximum ${maximum}`)
    }
    if (column.type === 'unknown') return nothing
    const name = quoteName(column.name)
    // NaN is greater than every number: it is above a maximum, and missing here.
    const isNumber = isFloating(column) ? ` AND NOT isnan(${name})` : ''
    const outside = [
      ...(minimum === undefined
        ? []
        : [`${name} ${check.strict_minimum ? '<=' : '<'} ${boundLiteral(minimum, column)}`]),
      ...(maximum === undefined
        ? []
        : [`(${name} ${check.strict_maximum ? '>=' : '>'} ${boundLiteral(maximum, column)}${isNumber})`]),
    ]
    return strictRows(column, `(${outside.join(' OR ')})`)
  },
  in_set: ({ column: name, values }, { columns }) => {
    const column = requireColumn(name, columns)
    if (values === null) return columnRows(column, 'false')
    const literals = values.map((value) => setLiteral(value, column))
    if (column.type === 'unknown') return nothing
    return setRows(column, { literals, isInside: false })
  },
  not_in_set: ({ column: name, values }, { columns }) => {
    const column = requireColumn(name, columns)
    const literals = values.map((value) => setLiteral(value, column))
    if (column.type === 'unknown') return nothing
    return setRows(column, { literals, isInside: true })
  },
  z_score: ({ column: name, below, sides }, { columns, rows }) => {
    const column = requireNumber(requireColumn(name, columns), 'numbers have a standard deviation')
    const number = `CAST(${valueOf(column)} AS DOUBLE)`
    const spread = `SELECT avg(${number}) AS "mean#", stddev_samp(${number}) AS "deviation#" FROM ${rows}`
    const score = `(${number} - "mean#") / nullif("deviation#", 0)`
    return {
      shape: 'rows',
      considered: hasValue(column),
      // Where all values are equal, or there is one, no row has a score and none is unexpected.
      unexpected: `coalesce(${sides === 'both' ? `abs(${score})` : score} >= ${below}, false)`,
      from: (table) => `(SELECT * FROM ${table}, (${spread}))`,
      ...nanOf(column),
    }
  },
}
