/** What a filter says, as a tree. Which fields there are and of what kind is up to the noun that is searched. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | Comparison

/** `tags.owner LIKE 'a%'`: a field, an operator and, except for IS NULL, a value. */
export interface Comparison {
  readonly kind: 'comparison'
  /** What stands before the first dot: `tags` in `tags.a.b`. */
  readonly prefix?: string
  /** What stands after it, unquoted: `a.b`. */
  readonly key: string
  readonly operator: Operator
  readonly value?: FilterValue
  /** Where it begins in the text, from 1. */
  readonly position: number
}

export const operators = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'LIKE',
  'ILIKE',
  'NOT LIKE',
  'NOT ILIKE',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
] as const
export type Operator = (typeof operators)[number]

export type FilterValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly (string | number)[] }

/**
 * A filter is text from outside that becomes SQL. Enough for thousands of run ids in a list; well below what the engines
 * can take (SQLite: an expression 1000 deep, where each AND is one level).
 */
export const filterLimits = {
  textLength: 100_000,
  depth: 32,
  comparisons: 200,
  listItems: 2000,
  /** SQLite takes patterns of 50,000 bytes; no value that is compared is longer than this. */
  patternLength: 10_000,
  orderLength: 1000,
} as const
