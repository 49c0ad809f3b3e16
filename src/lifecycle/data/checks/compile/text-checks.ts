import { quoteName, quoteText } from '#platform/tables/index'
import { Uncheckable } from '../compiled-check.ts'
import type { textForms } from '../forms/text-forms.ts'
import { requireColumn, requireText } from './columns.ts'
import type { CompilersOf } from './compilers.ts'
import { jsonSchemaCheck } from './json-schema-check.ts'
import { columnRows, strictRows } from './column-rows.ts'

type Match = 'search' | 'prefix' | 'full'

export const textChecks: CompilersOf<keyof typeof textForms> = {
  matches: ({ column: name, patterns, match, of }, { columns }) => {
    const column = requireText(requireColumn(name, columns), 'a pattern is about text')
    const conditions = conditionsOf(patterns, (pattern) => matching(name, pattern, match))
    return strictRows(column, `NOT (${conditions.join(joiner[of])})`)
  },
  not_matches: ({ column: name, patterns, match, of }, { columns }) => {
    const column = requireText(requireColumn(name, columns), 'a pattern is about text')
    const conditions = conditionsOf(patterns, (pattern) => matching(name, pattern, match))
    return strictRows(column, `(${conditions.join(joiner[of])})`)
  },
  like: ({ column: name, patterns, escape, of }, { columns }) => {
    const column = requireText(requireColumn(name, columns), 'a pattern is about text')
    const conditions = conditionsOf(patterns, (pattern) => liking(name, pattern, escape))
    return strictRows(column, `NOT (${conditions.join(joiner[of])})`)
  },
  not_like: ({ column: name, patterns, escape, of }, { columns }) => {
    const column = requireText(requireColumn(name, columns), 'a pattern is about text')
    const conditions = conditionsOf(patterns, (pattern) => liking(name, pattern, escape))
    return strictRows(column, `(${conditions.join(joiner[of])})`)
  },
  length: ({ column: name, minimum, maximum }, { columns }) => {
    const column = requireText(requireColumn(name, columns), 'text has a length')
    if (minimum === undefined && maximum === undefined) throw new Uncheckable('no length is given')
    const length = `length(${quoteName(name)})`
    if (minimum === maximum) return strictRows(column, `${length} <> ${minimum}`)
    const outside = [
      ...(minimum === undefined ? [] : [`${length} < ${minimum}`]),
      ...(maximum === undefined ? [] : [`${length} > ${maximum}`]),
    ]
    return strictRows(column, `(${outside.join(' OR ')})`)
  },
  date_format: ({ column: name, format }, { columns }) => {
    const column = requireText(requireColumn(name, columns), 'a format is about text')
    return columnRows(column, `NOT ${isDate(quoteName(name), [format])}`)
  },
  date_parseable: ({ column: name }, { columns }) => {
    const column = requireColumn(name, columns)
    if (column.type === 'date' || column.type === 'timestamp') return columnRows(column, 'false')
    requireText(column, 'text says a date')
    const text = `trim(${quoteName(name)})`
    const iso = `try_cast(${text} AS TIMESTAMPTZ) IS NOT NULL AND ${isNoWord(text)}`
    return columnRows(column, `NOT ((${iso}) OR ${isDate(text, dateFormats)})`)
  },
  json_parseable: ({ column: name }, { columns }) => {
    const column = requireText(requireColumn(name, columns), 'text may be JSON')
    return columnRows(column, `NOT json_valid(${quoteName(name)})`)
  },
  json_schema: (check, { columns, rows }) => {
    const column = requireText(requireColumn(check.column, columns), 'text may be JSON')
    return jsonSchemaCheck(check, { column, rows })
  },
}

const joiner = { any: ' OR ', all: ' AND ' } as const

/** Besides ISO 8601, which is tried first; day before month where a point or a dash stands between. */
export const dateFormats = [
  '%d.%m.%Y',
  '%d.%m.%Y %H:%M',
  '%d.%m.%Y %H:%M:%S',
  '%d-%m-%Y',
  '%m/%d/%Y',
  '%d/%m/%Y',
  '%m/%d/%Y %H:%M',
  '%m/%d/%Y %H:%M:%S',
  '%d/%m/%Y %H:%M:%S',
  '%m/%d/%Y %I:%M:%S %p',
  '%Y/%m/%d',
  '%Y/%m/%d %H:%M:%S',
  '%Y%m%d',
  '%d %b %Y',
  '%d %B %Y',
  '%b %d, %Y',
  '%B %d, %Y',
  '%a, %d %b %Y %H:%M:%S %Z',
  '%a, %d %b %Y %H:%M:%S %z',
] as const

function isDate(text: string, formats: readonly string[]): string {
  const any = formats.map((format) => `try_strptime(${text}, ${quoteText(format)}) IS NOT NULL`)
  return `((${any.join(' OR ')}) AND ${isNoWord(text)})`
}

/** DuckDB takes these words for times in every format. */
function isNoWord(text: string): string {
  return `lower(${text}) NOT IN ('epoch', 'infinity', '-infinity')`
}

function conditionsOf(patterns: readonly string[], condition: (pattern: string) => string): string[] {
  if (patterns.length === 0) throw new Uncheckable('neither a pattern nor patterns are given')
  return patterns.map(condition)
}

function matching(column: string, pattern: string, match: Match): string {
  if (match === 'full') return `regexp_full_match(${quoteName(column)}, ${quoteText(pattern)})`
  const searched = match === 'prefix' ? `^(?:${pattern})` : pattern
  return `regexp_matches(${quoteName(column)}, ${quoteText(searched)})`
}

function liking(column: string, pattern: string, escape: string | undefined): string {
  const escaped = escape === undefined ? '' : ` ESCAPE ${quoteText(escape)}`
  return `${quoteName(column)} LIKE ${quoteText(pattern)}${escaped}`
}
