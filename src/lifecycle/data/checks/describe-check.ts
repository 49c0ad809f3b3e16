import { formatDuration } from '#contract/units'
import type { Check, CheckKind, CheckOf } from './expectation.ts'

const words: { readonly [Kind in CheckKind]: (check: CheckOf<Kind>) => string } = {
  schema: ({ columns, extraColumns }) =>
    `the columns ${Object.entries(columns)
      .map(([name, type]) => `${name} (${type})`)
      .join(', ')}${extraColumns === 'refuse' ? ', and no others' : ''}`,
  not_null: ({ column }) => `${column} is never missing`,
  unique: ({ columns }) => `${columns.join(' and ')} name${columns.length === 1 ? 's' : ''} a row once`,
  between: ({ column, minimum, maximum, strictMinimum, strictMaximum }) => {
    if (maximum === undefined) return `${column} is ${strictMinimum ? 'above' : 'at least'} ${minimum}`
    if (minimum === undefined) return `${column} is ${strictMaximum ? 'below' : 'at most'} ${maximum}`
    const low = strictMinimum ? `${minimum} (excluded)` : minimum
    const high = strictMaximum ? `${maximum} (excluded)` : maximum
    return `${column} is between ${low} and ${high}`
  },
  in_set: ({ column, values }) =>
    `${column} is one of ${values.map((value) => JSON.stringify(value)).join(', ')}`,
  matches: ({ column, pattern, match }) => `${column} ${match === 'full' ? 'is' : 'matches'} /${pattern}/`,
  row_count: (check) => `the number of rows is ${limitWords(check)}`,
  mean: (check) => `the mean of ${check.column} is ${limitWords(check)}`,
  distinct_count: (check) => `the number of distinct values of ${check.column} is ${limitWords(check)}`,
  fresh: ({ column, withinMs }) => `the newest ${column} is at most ${formatDuration(withinMs)} old`,
  sql: ({ query }) => `no row from: ${query.replace(/\s+/g, ' ').slice(0, 200)}`,
}

/** What must hold, as a sentence. */
export function describeCheck(check: Check): string {
  const sentence = (words[check.kind] as (check: Check) => string)(check)
  const mostly =
    'mostly' in check && check.mostly < 1
      ? ` in at least ${Number((check.mostly * 100).toPrecision(12))} % of the rows`
      : ''
  return `${sentence}${mostly}`
}

function limitWords({
  minimum,
  maximum,
}: {
  minimum: number | undefined
  maximum: number | undefined
}): string {
  if (maximum === undefined) return `at least ${minimum}`
  if (minimum === undefined) return `at most ${maximum}`
  return `between ${minimum} and ${maximum}`
}
