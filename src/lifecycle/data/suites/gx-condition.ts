import { quoteName, quoteText } from '#platform/tables/index'
import { noCounterpart } from './imported-suite.ts'

interface Condition {
  readonly type?: string
  readonly conditions?: readonly Condition[]
  readonly column?: { readonly name?: string }
  readonly operator?: string
  readonly parameter?: unknown
  readonly is_null?: boolean
  readonly pass_through_filter?: string
}

/** A row condition as SQL: the form that is data (since 1.10), or the text of Pandas and of `col("…")`. */
export function conditionOf(condition: unknown): string | undefined {
  if (condition === undefined || condition === null || condition === '') return undefined
  if (typeof condition === 'string') return fromText(condition)
  return fromData(condition)
}

function fromData(condition: Condition): string {
  const { type, conditions = [], pass_through_filter: text } = condition
  if (type === 'pass_through' && text !== undefined) return fromText(text)
  if (type === 'and' || type === 'or') {
    return `(${conditions.map(fromData).join(type === 'and' ? ' AND ' : ' OR ')})`
  }
  const name = condition.column?.name
  if (name === undefined) return noCounterpart('its row condition names no column')
  if (type === 'nullity') return `${quoteName(name)} IS ${condition.is_null === true ? '' : 'NOT '}NULL`
  const { operator = '', parameter } = condition
  if (operator === 'IN' || operator === 'NOT_IN' || operator === 'NOT IN') {
    const values = Array.isArray(parameter) ? parameter : []
    return `${quoteName(name)} ${operator.replace('_', ' ')} (${values.map(literal).join(', ')})`
  }
  const sql = operators[operator]
  return sql === undefined
    ? noCounterpart(`its row condition has the operator ${operator}`)
    : `${quoteName(name)} ${sql} ${literal(parameter)}`
}

const operators: Readonly<Record<string, string>> = {
  '==': '=',
  '!=': '<>',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
}

function literal(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoteText(value)
  return noCounterpart('its row condition compares with something that is no text, number or truth value')
}

const token =
  /\s*(?:(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<name>`[^`]+`)|(?<number>-?\d+(?:\.\d+)?(?:e-?\d+)?)|(?<col>col\(\s*(?:"[^"]+"|'[^']+')\s*\))|(?<call>\.\s*(?:notnull|isnull|notna|isna|notNull|isNull)\(\))|(?<word>[A-Za-z_]\w*)|(?<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,|&|\||~|-))/y

/** `a == "x" and b > 3`, `col("a").notNull()`: a column, a comparison, a value; joined by and, or, not and brackets. */
function fromText(text: string): string {
  const parts: string[] = []
  token.lastIndex = 0
  const end = text.trimEnd().length
  while (token.lastIndex < end) {
    const at = token.lastIndex
    const found = token.exec(text)?.groups
    if (found === undefined)
      return noCounterpart(`its row condition cannot be read from "${text.slice(at, at + 20)}"`)
    parts.push(partOf(found))
  }
  return parts.join(' ').replaceAll(/\(\s+/g, '(').replaceAll(/\s+\)/g, ')')
}

function partOf(found: Readonly<Record<string, string | undefined>>): string {
  const { text, name, number, col, call, word, sign } = found
  if (text !== undefined) return quoteText(text.slice(1, -1).replaceAll(/\\(.)/g, '$1'))
  if (name !== undefined) return quoteName(name.slice(1, -1))
  if (number !== undefined) return number
  if (col !== undefined) return quoteName(/["']([^"']+)["']/.exec(col)?.[1] ?? '')
  if (call !== undefined) return /not/i.test(call) ? 'IS NOT NULL' : 'IS NULL'
  if (word !== undefined) return words[word.toLowerCase()] ?? quoteName(word)
  // In Pandas a missing value differs from any other; in SQL nothing is known of it.
  if (sign === '!=') return 'IS DISTINCT FROM'
  return signs[sign ?? ''] ?? operators[sign ?? ''] ?? (sign as string)
}

const words: Readonly<Record<string, string>> = {
  and: 'AND',
  or: 'OR',
  not: 'NOT',
  in: 'IN',
  true: 'true',
  false: 'false',
}
const signs: Readonly<Record<string, string>> = { '[': '(', ']': ')', '&': 'AND', '|': 'OR', '~': 'NOT' }
