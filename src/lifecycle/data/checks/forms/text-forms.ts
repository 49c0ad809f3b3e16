import { z } from 'zod'
import { asLimits, column, countLimits, eachColumn, forSingleRows } from './form-parts.ts'

const text = z.string().min(1)
const any = z
  .enum(['any', 'all'])
  .default('any')
  .meta({ description: 'Of several patterns: one must match, or every one' })

function patterns() {
  return z
    .strictObject({
      column,
      pattern: text.optional().meta({ description: 'A regular expression in RE2 syntax' }),
      patterns: z.array(text).min(1).optional().meta({ description: 'Several of them' }),
      match: z.enum(['search', 'prefix', 'full']).default('search').meta({
        description: 'search: anywhere in the text; prefix: from its start; full: all of it',
      }),
      of: any,
    })
    .transform(withList)
}

function likePatterns() {
  return z
    .strictObject({
      column,
      pattern: text.optional().meta({ description: '% stands for any text, _ for one character' }),
      patterns: z.array(text).min(1).optional().meta({ description: 'Several of them' }),
      escape: z.string().length(1).optional().meta({ description: 'What takes the meaning off a % or _' }),
      of: any,
    })
    .transform(withList)
}

/** Checks of what stands in a text, row by row. */
export const textForms = {
  matches: z.strictObject({ matches: patterns(), ...forSingleRows }),
  not_matches: z.strictObject({ not_matches: patterns(), ...forSingleRows }),
  like: z.strictObject({ like: likePatterns(), ...forSingleRows }),
  not_like: z.strictObject({ not_like: likePatterns(), ...forSingleRows }),
  length: z.strictObject({
    length: z
      .strictObject({ column, ...countLimits })
      .transform(asLimits)
      .meta({ description: 'How many characters (Unicode code points) a text has' }),
    ...forSingleRows,
  }),
  date_format: z.strictObject({
    date_format: z.strictObject({
      column,
      format: text.meta({ description: 'As strftime writes it: %d.%m.%Y' }),
    }),
    ...forSingleRows,
  }),
  date_parseable: z.strictObject({
    date_parseable: eachColumn.meta({ description: 'Text that says a date or a time' }),
    ...forSingleRows,
  }),
  json_parseable: z.strictObject({
    json_parseable: eachColumn.meta({ description: 'Text that is JSON' }),
    ...forSingleRows,
  }),
  json_schema: z.strictObject({
    json_schema: z.strictObject({
      column,
      schema: z
        .record(z.string(), z.unknown())
        .meta({ description: 'A JSON Schema that the JSON in the text must fit' }),
    }),
    ...forSingleRows,
  }),
} as const

function withList<Config extends { pattern?: string | undefined; patterns?: string[] | undefined }>({
  pattern,
  patterns: several,
  ...rest
}: Config) {
  return { ...rest, patterns: [...(pattern === undefined ? [] : [pattern]), ...(several ?? [])] }
}
