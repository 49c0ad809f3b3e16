import type { $ZodIssue, $ZodIssueInvalidStringFormat } from 'zod/v4/core'
import type { ProjectPath } from './contract.ts'

const longestQuote = 60

/** A value of the file in words: `the text "abc"`, `a list`, `nothing`. */
export function foundWords(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return value === '' ? 'an empty text' : `the text ${quoted(value)}`
  if (typeof value === 'number') return `the number ${numberWords(value)}`
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'boolean' ? String(value) : 'a mapping'
}

function numberWords(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  return Number.isFinite(value) ? String(value) : `${value < 0 ? '-' : ''}.inf`
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > longestQuote ? `${text.slice(0, longestQuote - 1)}…` : text)
}

/** `a, b or c` */
export function alternatives(words: readonly string[]): string {
  const unique = [...new Set(words)]
  const last = unique.at(-1) ?? 'nothing'
  return unique.length < 2 ? last : `${unique.slice(0, -1).join(', ')} or ${last}`
}

/** `pipelines.train.steps[0]`, as a user would say it. */
export function pathText(path: ProjectPath): string {
  let text = ''
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`
    else if (/^[\w-]+$/.test(segment)) text += text === '' ? segment : `.${segment}`
    else text += `[${quoted(segment)}]`
  }
  return text
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping (lines of "name: value")',
  record: 'a mapping (lines of "name: value")',
  null: 'nothing',
  undefined: 'nothing',
  never: 'nothing',
}

const formats: Readonly<Record<string, string>> = {
  url: 'a URL such as https://example.com',
  email: 'an e-mail address',
  uuid: 'a UUID',
  date: 'a date such as 2001-01-31',
  datetime: 'a time such as 2001-01-31T12:00:00Z',
}

/** What an issue wanted, in words that fit after "expected"; undefined when zod does not say. */
export function expectedWords(issue: $ZodIssue): string | undefined {
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? `a ${issue.expected}`
  if (issue.code === 'invalid_value') return alternatives(issue.values.map(choiceWord))
  if (issue.code === 'invalid_format') return formatWords(issue)
  if (issue.code === 'too_small') {
    return boundWords(issue, { bound: issue.minimum, inclusive: 'at least', exclusive: 'more than' })
  }
  if (issue.code === 'too_big') {
    return boundWords(issue, { bound: issue.maximum, inclusive: 'at most', exclusive: 'less than' })
  }
  if (issue.code === 'not_multiple_of') return `a multiple of ${issue.divisor}`
  return undefined
}

/** A value as it stands in a list of choices: `"auto"`, `3`. */
export function choiceWord(choice: unknown): string {
  return typeof choice === 'string' ? quoted(choice) : String(choice)
}

function formatWords(issue: $ZodIssueInvalidStringFormat): string {
  const { prefix, suffix, includes } = issue as { prefix?: string; suffix?: string; includes?: string }
  if (prefix !== undefined) return `text that starts with ${quoted(prefix)}`
  if (suffix !== undefined) return `text that ends with ${quoted(suffix)}`
  if (includes !== undefined) return `text that contains ${quoted(includes)}`
  if (issue.format === 'regex') return `text that matches ${issue.pattern ?? 'a pattern'}`
  return formats[issue.format] ?? `text in the form of ${issue.format}`
}

interface Bound {
  readonly bound: number | bigint
  readonly inclusive: string
  readonly exclusive: string
}

function boundWords(
  issue: Extract<$ZodIssue, { code: 'too_small' | 'too_big' }>,
  { bound, inclusive, exclusive }: Bound,
): string {
  const limit = issue.exact === true ? 'exactly' : issue.inclusive === false ? exclusive : inclusive
  if (issue.origin === 'string')
    return `${limit} ${bound} ${Number(bound) === 1 ? 'character' : 'characters'}`
  if (issue.origin === 'number' || issue.origin === 'int' || issue.origin === 'bigint') {
    return `a number of ${limit} ${bound}`
      .replace('of more', 'that is more')
      .replace('of less', 'that is less')
  }
  return `${limit} ${bound} ${Number(bound) === 1 ? 'entry' : 'entries'}`
}

/** The slip that a value of the wrong kind usually comes from. */
export function kindHint(value: unknown, expected: string): string | undefined {
  if (value === null || value === undefined) return undefined
  if (expected === 'array') return listHint(value)
  if (typeof value !== 'string')
    return expected === 'string' && typeof value !== 'object' ? 'Put quotes around it.' : undefined
  if (expected === 'number' || expected === 'int') {
    if (value.trim() !== '' && Number.isFinite(Number(value))) return 'Remove the quotes.'
    return /^\d{1,3}(?:[_,']\d{3})+$/.test(value) ? `Write ${value.replaceAll(/\D/g, '')}.` : undefined
  }
  if (expected !== 'boolean') return undefined
  if (/^(?:yes|on|true)$/i.test(value)) return 'Write true.'
  return /^(?:no|off|false)$/i.test(value) ? 'Write false.' : undefined
}

function listHint(value: unknown): string {
  const start = typeof value === 'object' && value !== null ? Object.keys(value)[0] : value
  if (typeof start === 'string' && start.startsWith('-')) return 'Write a space after the "-".'
  return typeof value === 'string' && value.length < 40
    ? `Write it as a list: [${value}].`
    : 'Start each entry with "- ".'
}

/** `A path` → `a path`, to stand inside a sentence; `URL of …` stays. */
export function insideSentence(text: string): string {
  return /^[A-Z](?![A-Z])/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}

export function asSentence(text: string | undefined): string | undefined {
  return text === undefined || /[.?!]$/.test(text) ? text : `${text}.`
}
