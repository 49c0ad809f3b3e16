import { fail } from '#contract/errors'
import { quoteName, quoteText, type Tables } from '#platform/tables/index'
import type { ColumnType } from './column-type.ts'
import type { TextSurvey } from './survey-text.ts'

/** The ways in which dates are written, by their order and what stands between their parts (RE2, whole values). */
const kinds = {
  iso: '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}',
  slashes: '[0-9]{1,2}/[0-9]{1,2}/(?:[0-9]{2}|[0-9]{4})',
  yearSlashes: '[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}',
  dots: '[0-9]{1,2}[.][0-9]{1,2}[.](?:[0-9]{2}|[0-9]{4})',
  dashes: '[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}',
  monthFirst: '[A-Za-z]{3,9}[.]? [0-9]{1,2},? [0-9]{4}',
  dayFirst: '[0-9]{1,2}[. -]+[A-Za-z]{3,9}[.]?[ -][0-9]{2,4}',
} as const
const time = '(?:[T ].*)?'

interface Looking {
  readonly table: string
  readonly file: string
  readonly expected: ReadonlyMap<string, ColumnType>
}

/**
 * A column in which every value is a date, but not in one way of writing: as text it would pass in silence, and nobody can
 * know which of 01/02/2024 is the month. A column that the project lists as text, or that is text already, is left alone.
 * @throws unreadable_data with the first row of each kind.
 */
export async function requireOneKindOfDate(
  tables: Tables,
  { types }: Pick<TextSurvey, 'types'>,
  { table, file, expected }: Looking,
): Promise<void> {
  const columns = [...types].flatMap(([name, type]) => (type === 'text' && !expected.has(name) ? [name] : []))
  if (columns.length === 0) return
  // One look at the first value of each column spares the scan of nearly all.
  const firsts = columns.map((name, index) => `any_value(${quoteName(name)}) AS c${index}`)
  const [sample] = await tables.rows(`SELECT ${firsts.join(', ')} FROM (SELECT * FROM ${table} LIMIT 1000)`)
  const patterns = Object.values(kinds).map((kind) => new RegExp(`^${kind}${time}$`))
  for (const [index, name] of columns.entries()) {
    const value = sample?.[`c${index}`]
    const isLikely = typeof value === 'string' && patterns.some((pattern) => pattern.test(value))
    if (isLikely) await requireOneKind(tables, name, { table, file })
  }
}

async function requireOneKind(
  tables: Tables,
  name: string,
  { table, file }: Pick<Looking, 'table' | 'file'>,
): Promise<void> {
  const column = quoteName(name)
  const cases = Object.entries(kinds).map(
    ([kind, pattern]) =>
      `WHEN regexp_full_match(${column}, ${quoteText(pattern + time)}) THEN ${quoteText(kind)}`,
  )
  const found = await tables.rows(
    `SELECT kind, min(position) AS first, arg_min(value, position) AS value FROM (
       SELECT rowid + 1 AS position, ${column} AS value, CASE ${cases.join(' ')} END AS kind
       FROM ${table} WHERE ${column} IS NOT NULL
     ) GROUP BY kind ORDER BY first`,
  )
  if (found.length < 2 || found.some(({ kind }) => kind === null)) return
  const told = found.map(({ first, value }) => `${value as string} (row ${Number(first)})`).join(', ')
  fail('unreadable_data', `${file}, column "${name}": dates of ${found.length} kinds: ${told}.`, {
    hint: 'Write all as 2024-01-31, or list the column as text in a `schema` to keep them as they stand.',
    at: file,
  })
}
