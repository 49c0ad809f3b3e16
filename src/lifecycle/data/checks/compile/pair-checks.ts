import type { Column } from '../../rows/column-type.ts'
import { Uncheckable } from '../compiled-check.ts'
import type { pairForms } from '../forms/pair-forms.ts'
import { areComparable, hasValue, requireColumn, requireNumber, setLiteral, valueOf } from './columns.ts'
import type { CompilersOf } from './compilers.ts'

type PairIgnore = 'both_missing' | 'either_missing' | 'neither'
type RowIgnore = 'all_missing' | 'any_missing' | 'never'

export const pairChecks: CompilersOf<keyof typeof pairForms> = {
  greater_than: ({ column, other, or_equal, ignore }, { columns }) => {
    const [first, second] = comparable(requireColumn(column, columns), requireColumn(other, columns))
    const holds = `${valueOf(first)} ${or_equal ? '>=' : '>'} ${valueOf(second)}`
    // A pair with one side missing is not greater: it is unexpected unless it is left out.
    return {
      shape: 'rows',
      considered: pairConsidered([first, second], ignore),
      unexpected: `NOT coalesce(${holds}, false)`,
    }
  },
  equal_columns: ({ columns: names, ignore }, { columns }) => {
    const [first, second] = comparable(requireColumn(names[0], columns), requireColumn(names[1], columns))
    const holds = `coalesce(${valueOf(first)} = ${valueOf(second)}, false)`
    return { shape: 'rows', considered: pairConsidered([first, second], ignore), unexpected: `NOT ${holds}` }
  },
  pair_in_set: ({ columns: names, values, ignore }, { columns }) => {
    const pair = [requireColumn(names[0], columns), requireColumn(names[1], columns)] as const
    const same = values.map((value) =>
      pair
        .map((column, index) => {
          const wanted = value[index] ?? null
          const literal = wanted === null ? 'NULL' : setLiteral(wanted, column)
          return `${valueOf(column)} IS NOT DISTINCT FROM ${literal}`
        })
        .join(' AND '),
    )
    return {
      shape: 'rows',
      considered: pairConsidered(pair, ignore),
      unexpected: `NOT (${same.map((one) => `(${one})`).join(' OR ')})`,
    }
  },
  sum_equals: ({ columns: names, total, tolerance, ignore }, { columns }) => {
    const summed = names.map((name) => requireNumber(requireColumn(name, columns), 'numbers have a sum'))
    // A missing part makes the sum missing, which is not the total.
    const sum = summed.map((column) => `CAST(${valueOf(column)} AS DOUBLE)`).join(' + ')
    return {
      shape: 'rows',
      considered: rowConsidered(summed, ignore),
      unexpected: `NOT coalesce(abs((${sum}) - (${total})) <= ${tolerance}, false)`,
    }
  },
}

/** Which pairs are looked at. */
function pairConsidered(pair: readonly Column[], ignore: PairIgnore): string {
  if (ignore === 'neither') return 'true'
  return `(${pair.map(hasValue).join(ignore === 'both_missing' ? ' OR ' : ' AND ')})`
}

/** Which rows are looked at. */
export function rowConsidered(columns: readonly Column[], ignore: RowIgnore): string {
  if (ignore === 'never') return 'true'
  return `(${columns.map(hasValue).join(ignore === 'all_missing' ? ' OR ' : ' AND ')})`
}

function comparable(first: Column, second: Column): [Column, Column] {
  if (areComparable(first, second)) return [first, second]
  throw new Uncheckable(
    `"${first.name}" is ${first.type} and "${second.name}" is ${second.type}; they cannot be compared`,
  )
}
