import { quoteName, requireRow, type Tables } from '#platform/tables/index'
import { isFloating, type Column } from '../rows/column-type.ts'
import { hashedValueOf, numberOf, type ColumnSummary } from './column-aggregates.ts'
import type { LevelCount } from './column-profile.ts'
import { distinctSketchSize, hashExpression } from './distinct-sketch.ts'
import type { ValueCount } from './number-sketch.ts'
import { lengthsOfCounts, type TextLengths } from './text-lengths.ts'

/** Levels counted by name, as many as in a column profile made from a frame. */
export const namedLevels = 256
/** Beyond this a text is an identifier: counting each of its values tells nothing. */
const maximumCountedTexts = 100_000
const maximumCountedNumbers = 10_000

/** Every value of a column, counted. */
export interface CountedValues {
  /** Most frequent first: the shown ones of a number, the named ones of a text. */
  readonly levels: readonly LevelCount[]
  readonly distinct: number
  /** Ascending; empty for a text. */
  readonly numbers: readonly ValueCount[]
  readonly hashes: readonly number[]
  readonly lengths: TextLengths | undefined
}

export function isCountable({ type }: Column, { distinct }: ColumnSummary): boolean {
  if (type === 'other' || type === 'unknown') return false
  return distinct <= (type === 'text' ? maximumCountedTexts : maximumCountedNumbers)
}

/** Columns whose values are counted by one statement: each costs a few milliseconds however small the table is. */
const columnsTogether = 24
const shownLevels = 10

export async function countValues(
  tables: Tables,
  relation: string,
  columns: readonly Column[],
): Promise<ReadonlyMap<string, CountedValues>> {
  const counted = new Map<string, CountedValues>()
  const numeric = columns.filter((column) => numberOf(column) !== undefined)
  for (let at = 0; at < numeric.length; at += columnsTogether) {
    const some = numeric.slice(at, at + columnsTogether)
    for (const [name, values] of await countNumbers(tables, relation, some)) counted.set(name, values)
  }
  for (const column of columns) {
    if (numberOf(column) === undefined) counted.set(column.name, await countTexts(tables, relation, column))
  }
  return counted
}

/** Values come as typed arrays, and only the most frequent ones as text: text by the ten thousand is what takes long. */
async function countNumbers(
  tables: Tables,
  relation: string,
  columns: readonly Column[],
): Promise<ReadonlyMap<string, CountedValues>> {
  const selects = columns.map((column, index) => {
    const name = quoteName(column.name)
    const known = isFloating(column) ? `NOT isnan(${name}) AND ${name} IS NOT NULL` : `${name} IS NOT NULL`
    return `SELECT ${index} AS c, CAST(${name} AS VARCHAR) AS level, ${numberOf(column)} AS number, n,
      ${hashExpression(hashedValueOf(column))} AS hash
      FROM (SELECT ${name}, count(*) AS n FROM ${relation} WHERE ${known} GROUP BY ${name})`
  })
  await tables.run(`CREATE OR REPLACE TEMP TABLE counted_values AS ${selects.join(' UNION ALL ')}`)
  const levels = columns.map((): LevelCount[] => [])
  const frequent = await tables.rows(
    `SELECT c, level, n FROM counted_values
     QUALIFY row_number() OVER (PARTITION BY c ORDER BY n DESC, level) <= ${shownLevels} ORDER BY c, n DESC, level`,
  )
  for (const { c, level, n } of frequent)
    levels[Number(c)]?.push({ level: level as string, count: Number(n) })
  const frame = await tables.frame('SELECT c, number, n, hash FROM counted_values')
  const [of, number, n, hash] = ['c', 'number', 'n', 'hash'].map((name) => {
    const column = frame.columns[name]
    return column?.kind === 'number' ? column.values : new Float64Array()
  }) as [Float64Array, Float64Array, Float64Array, Float64Array]
  const found = columns.map(() => ({ distinct: 0, numbers: [] as ValueCount[], hashes: [] as number[] }))
  for (let row = 0; row < frame.rows; row++) {
    const own = found[of[row] as number]
    if (own === undefined) continue
    own.distinct++
    const value = number[row] as number
    if (Number.isNaN(value)) continue
    own.numbers.push({ value, count: n[row] as number })
    own.hashes.push(hash[row] as number)
  }
  return new Map(
    columns.map(({ name }, index): [string, CountedValues] => {
      const { distinct, numbers, hashes } = found[index] as (typeof found)[number]
      numbers.sort((a, b) => a.value - b.value)
      return [name, { levels: levels[index] as LevelCount[], distinct, numbers, hashes, lengths: undefined }]
    }),
  )
}

/** One pass over the distinct texts gives all that is wanted of them; only the named ones come to this side. */
async function countTexts(tables: Tables, relation: string, column: Column): Promise<CountedValues> {
  const name = quoteName(column.name)
  const row = requireRow(
    await tables.rows(
      `WITH counted AS MATERIALIZED (
         SELECT CAST(${name} AS VARCHAR) AS level, count(*) AS n FROM ${relation} WHERE ${name} IS NOT NULL GROUP BY ${name}
       ) SELECT
         (SELECT count(*) FROM counted) AS distinct_levels,
         (SELECT list({ level: level, n: n } ORDER BY n DESC, level)
            FROM (FROM counted ORDER BY n DESC, level LIMIT ${namedLevels})) AS levels,
         (SELECT list(hash) FROM (SELECT ${hashExpression('level')} AS hash FROM counted
            ORDER BY hash LIMIT ${distinctSketchSize})) AS hashes,
         (SELECT list({ length: length, n: texts }) FROM (
            SELECT length(level) AS length, CAST(sum(n) AS BIGINT) AS texts FROM counted GROUP BY 1)) AS lengths`,
    ),
  )
  const list = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : [])
  return {
    levels: list<{ level: string; n: number }>(row['levels']).map(({ level, n }) => ({
      level,
      count: n,
    })),
    distinct: Number(row['distinct_levels']),
    numbers: [],
    hashes: list<number>(row['hashes']),
    lengths: lengthsOfCounts(
      list<{ length: number; n: number }>(row['lengths']).map(({ length, n }) => ({
        length,
        count: n,
      })),
    ),
  }
}
