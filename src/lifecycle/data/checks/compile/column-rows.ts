import { quoteName } from '#platform/tables/index'
import { isFloating, type Column } from '../../rows/column-type.ts'
import type { Counting, RowsCheck } from '../compiled-check.ts'
import { hasValue, nanOf } from './columns.ts'

/** About the values of a column: missing ones are left out. */
export function columnRows(column: Column, unexpected: string): RowsCheck {
  return { shape: 'rows', considered: hasValue(column), unexpected, ...nanOf(column) }
}

/**
 * The same where a missing value makes the condition missing too, and NaN does not meet it: then it need not be asked for.
 * How many values there are, a Parquet file knows by itself; and one condition over whole columns takes half the time of a
 * filter before every count.
 */
export function strictRows(column: Column, unexpected: string): RowsCheck {
  return {
    ...columnRows(column, unexpected),
    counting: (filter) => {
      const { aggregates, present } = presentValues(column, filter)
      return {
        aggregates: [`count_if(${unexpected})${filter}`, `count(*)${filter}`, ...aggregates],
        counts: ([found = 0, total = 0, ...values]) => {
          const { considered, notANumber } = present(values)
          return { considered, unexpected: found, total, notANumber }
        },
      }
    },
  }
}

/** Values in a set, or outside of it. */
export function setRows(
  column: Column,
  { literals, isInside }: { readonly literals: readonly string[]; readonly isInside: boolean },
): RowsCheck {
  const name = quoteName(column.name)
  const list = literals.join(', ')
  // On text a function is computed once for each entry of a dictionary, which IN is not: a tenth of the time.
  const inside = column.type === 'text' ? `list_contains([${list}], ${name})` : `${name} IN (${list})`
  const unexpected = isInside ? inside : `NOT ${inside}`
  return isFloating(column) ? columnRows(column, unexpected) : strictRows(column, unexpected)
}

/** Counts missing values by counting those that are there. */
export function missingCounting(column: Column): (filter: string) => Counting {
  return (filter) => {
    const { aggregates, present } = presentValues(column, filter)
    return {
      aggregates: [`count(*)${filter}`, ...aggregates],
      counts: ([total = 0, ...values]) => {
        const { considered, notANumber } = present(values)
        return { considered: total, unexpected: total - considered, total, notANumber }
      },
    }
  }
}

function presentValues(column: Column, filter: string) {
  const name = quoteName(column.name)
  return {
    aggregates: [
      `count(${name})${filter}`,
      ...(isFloating(column) ? [`count_if(isnan(${name}))${filter}`] : []),
    ],
    present: ([count = 0, notANumber = 0]: readonly number[]) => ({
      considered: count - notANumber,
      notANumber,
    }),
  }
}
