import type { WordsOf } from '../expectation.ts'
import type { pairForms } from '../forms/pair-forms.ts'
import type { rowForms } from '../forms/row-forms.ts'
import type { textForms } from '../forms/text-forms.ts'
import { limitWords, listWords, nameWords } from './limit-words.ts'

export const rowWords: WordsOf<keyof typeof rowForms | keyof typeof textForms | keyof typeof pairForms> = {
  not_null: ({ column }) => `${column} is never missing`,
  is_null: ({ column }) => `${column} is always missing`,
  not_missing: ({ column, tokens, pattern }) => {
    const also = [
      ...(tokens.length === 0 ? [] : [listWords(tokens)]),
      ...(pattern === undefined ? [] : [`/${pattern}/`]),
    ]
    return `${column} is never missing${also.length === 0 ? '' : `, nor ${also.join(' or ')}`}`
  },
  presence: ({ column, minimum_fraction, minimum_count }) => {
    const wanted = [
      ...(minimum_fraction === undefined ? [] : [`${Number((minimum_fraction * 100).toPrecision(12))} %`]),
      ...(minimum_count === undefined ? [] : [`${minimum_count}`]),
    ]
    return `${column} has a value in at least ${wanted.join(' and at least ')} of the rows`
  },
  between: (check) => `${check.column} is ${limitWords(check)}`,
  in_set: ({ column, values }) =>
    values === null ? `${column} is anything` : `${column} is one of ${listWords(values)}`,
  not_in_set: ({ column, values }) => `${column} is none of ${listWords(values)}`,
  z_score: ({ column, below, sides }) =>
    `${column} lies less than ${below} standard deviations ${sides === 'both' ? 'from' : 'above'} its mean`,
  increasing: ({ column, order_by, strictly }) =>
    `${column} ${strictly ? 'always rises' : 'never falls'} in the order of ${nameWords(order_by)}`,
  decreasing: ({ column, order_by, strictly }) =>
    `${column} ${strictly ? 'always falls' : 'never rises'} in the order of ${nameWords(order_by)}`,
  matches: ({ column, patterns, match, of }) =>
    `${column} ${matchWords[match]} ${patterns.map((one) => `/${one}/`).join(of === 'any' ? ' or ' : ' and ')}`,
  not_matches: ({ column, patterns, of }) =>
    `${column} does not match ${patterns.map((one) => `/${one}/`).join(of === 'any' ? ' nor ' : ' and at once ')}`,
  like: ({ column, patterns, of }) =>
    `${column} is like ${patterns.map((one) => JSON.stringify(one)).join(of === 'any' ? ' or ' : ' and ')}`,
  not_like: ({ column, patterns, of }) =>
    `${column} is not like ${patterns.map((one) => JSON.stringify(one)).join(of === 'any' ? ' nor ' : ' and at once ')}`,
  length: (check) => `the length of ${check.column} is ${limitWords(check)}`,
  date_format: ({ column, format }) => `${column} is a date or time written as ${format}`,
  date_parseable: ({ column }) => `${column} says a date or a time`,
  json_parseable: ({ column }) => `${column} is JSON`,
  json_schema: ({ column }) => `${column} is JSON that fits its schema`,
  greater_than: ({ column, other, or_equal }) =>
    `${column} is ${or_equal ? 'at least' : 'greater than'} ${other}`,
  equal_columns: ({ columns: [first, second] }) => `${first} equals ${second}`,
  pair_in_set: ({ columns, values }) => `${nameWords(columns)} together are one of ${listWords(values)}`,
  sum_equals: ({ columns, total, tolerance }) =>
    `the sum of ${nameWords(columns)} is ${total}${tolerance === 0 ? '' : `, give or take ${tolerance}`}`,
}

const matchWords = { search: 'matches', prefix: 'starts as', full: 'is' } as const
