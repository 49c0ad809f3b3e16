import { quoteName } from '#platform/tables/index'
import { Uncheckable, type RowsCheck, type TableContext } from '../compiled-check.ts'
import type { CheckOf } from '../expectation.ts'
import { hasValue, requireColumn } from './columns.ts'

interface Order {
  readonly column: string
  readonly order_by: readonly string[]
  readonly strictly: boolean
}

/** Values that rise or fall from row to row. Missing ones are dropped before; the first row has none before it. */
function ordered(
  { column: name, order_by, strictly }: Order,
  context: TableContext,
  rises: boolean,
): RowsCheck {
  const column = requireColumn(name, context.columns)
  if (column.type === 'other')
    throw new Uncheckable(`column "${name}" is ${column.sqlType}, which has no order`)
  const order = order_by.map((each) => quoteName(requireColumn(each, context.columns).name))
  const value = quoteName(name)
  // Rows that the order leaves equal are taken in the direction that is wanted, so that the answer is always the same.
  const window = `ORDER BY ${[...order, `${value}${rises ? '' : ' DESC'}`].join(', ')}`
  const wrong = rises ? (strictly ? '<=' : '<') : strictly ? '>=' : '>'
  return {
    shape: 'rows',
    considered: hasValue(column),
    unexpected: `coalesce(${value} ${wrong} "before#", false)`,
    from: (rows) =>
      `(SELECT *, lag(${value}) OVER (${window}) AS "before#" FROM ${rows} WHERE ${hasValue(column)})`,
  }
}

export const orderedChecks = {
  increasing: (check: CheckOf<'increasing'>, context: TableContext) => ordered(check, context, true),
  decreasing: (check: CheckOf<'decreasing'>, context: TableContext) => ordered(check, context, false),
}
