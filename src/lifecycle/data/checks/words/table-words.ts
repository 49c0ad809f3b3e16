import { formatDuration } from '#contract/units'
import type { tableForms } from '../forms/table-forms.ts'
import type { WordsOf } from '../expectation.ts'
import { limitWords, nameWords, referenceWords } from './limit-words.ts'

export const tableWords: WordsOf<keyof typeof tableForms> = {
  schema: ({ columns, extraColumns }) =>
    `the columns ${Object.entries(columns)
      .map(([name, type]) => `${name} (${type})`)
      .join(', ')}${extraColumns === 'refuse' ? ', and no others' : ''}`,
  column_exists: (check) => {
    const { column, position } = check as typeof check & { position?: number }
    return `there is a column ${column}${position === undefined ? '' : ` in place ${position}`}`
  },
  columns_in_order: ({ columns }) => `the columns are ${nameWords(columns)}, in this order`,
  columns_in_set: ({ columns, match }) => {
    if (match === 'exact') return `the columns are ${nameWords(columns)}, in any order`
    return match === 'contains'
      ? `the columns ${nameWords(columns)} are there`
      : `there are no columns but ${nameWords(columns)}`
  },
  unique_column_names: ({ ignore_case }) =>
    `no two columns have the same name${ignore_case ? ', whatever the case of its letters' : ''}`,
  column_count: (check) => `the number of columns is ${limitWords(check)}`,
  has_type: ({ column, types }) => `${column} is ${types.join(' or ')}`,
  row_count: (check) => `the number of rows is ${limitWords(check)}`,
  row_count_equals: ({ to }) => `as many rows as in ${referenceWords(to)}`,
  row_count_ratio: (check) =>
    `the number of rows, divided by that of ${referenceWords(check.to)}, is ${limitWords(check)}`,
  fresh: ({ column, within, time_zone }) =>
    `the newest ${column} is at most ${formatDuration(within)} old${time_zone === 'UTC' ? '' : ` (clocks of ${time_zone})`}`,
}
