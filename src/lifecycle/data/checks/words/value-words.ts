import type { WordsOf } from '../expectation.ts'
import type { keyForms } from '../forms/key-forms.ts'
import type { valueForms } from '../forms/value-forms.ts'
import { limitWords, listWords, nameWords, referenceWords } from './limit-words.ts'

export const valueWords: WordsOf<keyof typeof valueForms | keyof typeof keyForms> = {
  min: (check) => `the smallest ${check.column} is ${limitWords(check)}`,
  max: (check) => `the largest ${check.column} is ${limitWords(check)}`,
  mean: (check) => `the mean of ${check.column} is ${limitWords(check)}`,
  median: (check) => `the median of ${check.column} is ${limitWords(check)}`,
  sum: (check) => `the sum of ${check.column} is ${limitWords(check)}`,
  stdev: (check) => `the standard deviation of ${check.column} is ${limitWords(check)}`,
  quantiles: ({ column, ranges }) =>
    ranges
      .map((range) => `the ${range.quantile} quantile of ${column} is ${limitWords(range)}`)
      .join(', and '),
  distinct_count: (check) => `the number of distinct values of ${check.column} is ${limitWords(check)}`,
  unique_proportion: (check) =>
    `the share of different values among those of ${check.column} is ${limitWords(check)}`,
  distinct_in_set: ({ column, values }) => `every value of ${column} is one of ${listWords(values)}`,
  distinct_equals_set: ({ column, values }) => `the values of ${column} are exactly ${listWords(values)}`,
  distinct_contains_set: ({ column, values }) => `each of ${listWords(values)} is a value of ${column}`,
  most_common_in_set: ({ column, values }) =>
    `the most frequent value of ${column} is one of ${listWords(values)}`,
  sql: ({ query }) => `no row from: ${shortened(query)}`,
  sql_value: (check) => `${shortened(check.query)} is ${limitWords(check)}`,
  unique: ({ columns }) => `${columns.join(' and ')} name${columns.length === 1 ? 's' : ''} a row once`,
  unique_within_row: ({ columns }) => `${nameWords(columns)} differ from each other in every row`,
  duplicates: ({ columns, at_most }) =>
    `at most ${at_most} of the rows have a ${nameWords(columns)} that others have too`,
  references: ({ columns, dataset, to }) =>
    `every ${nameWords(columns)} is a ${nameWords(to)} of ${referenceWords(dataset)}`,
}

function shortened(query: string): string {
  return query.replace(/\s+/g, ' ').slice(0, 200)
}
