import { Uncheckable, type ReferencedTable } from '../compiled-check.ts'
import type { Column } from '../../rows/column-type.ts'
import type { keyForms } from '../forms/key-forms.ts'
import { exceeds } from '../judgement.ts'
import { percentWords, wholeWords } from '../words/number-words.ts'
import { areComparable, hasValue, requireColumn, valueOf } from './columns.ts'
import type { CompilersOf } from './compilers.ts'
import { rowConsidered } from './pair-checks.ts'

export const keyChecks: CompilersOf<keyof typeof keyForms> = {
  unique: ({ columns: names, report, ignore }, { columns }) => ({
    shape: 'keys',
    keys: names.map((name) => valueOf(requireColumn(name, columns))),
    report,
    ignore,
    among: 'all_rows',
  }),
  duplicates: ({ columns: names, report, ignore, at_most }, { columns }) => ({
    shape: 'keys',
    keys: names.map((name) => valueOf(requireColumn(name, columns))),
    report,
    ignore,
    among: 'all_rows',
    judge: ({ considered, unexpected }) => ({
      outcome: exceeds(at_most, considered, unexpected) ? 'fail' : 'pass',
      found:
        unexpected === 0
          ? 'no row is there twice'
          : `${wholeWords(unexpected)} of ${wholeWords(considered)} rows are not alone (${percentWords(unexpected / considered)})`,
      considered,
      unexpected,
    }),
  }),
  unique_within_row: ({ columns: names, ignore }, { columns }) => {
    const compared = names.map((name) => requireColumn(name, columns))
    const same = compared.flatMap((first, index) =>
      compared
        .slice(index + 1)
        // Missing values are not equal to each other: only values can be there twice.
        .filter((second) => areComparable(first, second))
        .map((second) => `coalesce(${valueOf(first)} = ${valueOf(second)}, false)`),
    )
    return {
      shape: 'rows',
      considered: rowConsidered(compared, ignore),
      unexpected: same.length === 0 ? 'false' : `(${same.join(' OR ')})`,
    }
  },
  references: ({ columns: names, dataset, to, ignore }, { columns, referenced }) => {
    if (names.length !== to.length) {
      throw new Uncheckable(`${names.length} columns cannot refer to ${to.length}`)
    }
    const own = names.map((name) => requireColumn(name, columns))
    const table = referenced(dataset)
    const foreign = to.map((name) => foreignColumn(name, table))
    for (const [index, column] of own.entries()) {
      const other = foreign[index] as Column
      if (areComparable(column, other)) continue
      throw new Uncheckable(
        `"${column.name}" is ${column.type} and "${other.name}" of ${table.name} is ${other.type}; they cannot be compared`,
      )
    }
    const keys = foreign.map((column, index) => `${valueOf(column)} AS "key${index}#"`).join(', ')
    const same = own.map((column, index) => `${valueOf(column)} = "key${index}#"`).join(' AND ')
    return {
      shape: 'rows',
      considered: rowConsidered(own, ignore),
      // An anti join: a row without a counterpart has nothing on the other side.
      unexpected: '"found#" IS NULL',
      from: (rows) =>
        `(SELECT * FROM ${rows} LEFT JOIN (SELECT DISTINCT ${keys}, true AS "found#" FROM ${table.relation} WHERE ${foreign.map(hasValue).join(' AND ')}) ON ${same})`,
    }
  },
}

function foreignColumn(name: string, { name: table, columns }: ReferencedTable): Column {
  try {
    return requireColumn(name, columns)
  } catch (error) {
    throw new Uncheckable(`in ${table} ${(error as Error).message}`)
  }
}
