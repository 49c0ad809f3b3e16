import { quoteName, type Tables } from '#platform/tables/index'
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
  const texts = columns.filter((column) => numberOf(column) === undefined)
  for (let at = 0; at < texts.length; at += columnsTogether) {
    const some = texts.slice(at, at + columnsTogether)
    for (const [name, values] of await countTexts(tables, relation, some)) counted.set(name, values)
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

/** The distinct texts are counted once; only the named ones, the smallest hashes and the lengths come to this side. */
async function countTexts(
  tables: Tables,
  relation: string,
  columns: readonly Column[],
): Promise<ReadonlyMap<string, CountedValues>> {
  const selects = columns.map(({ name: own }, index) => {
    const name = quoteName(own)
    return `SELECT ${index} AS c, CAST(${name} AS VARCHAR) AS level, count(*) AS n FROM ${relation}
      WHERE ${name} IS NOT NULL GROUP BY ${name}`
  })
  await tables.run(`CREATE OR REPLACE TEMP TABLE counted_texts AS ${selects.join(' UNION ALL ')}`)
  const found = columns.map(() => ({
    levels: [] as LevelCount[],
    distinct: 0,
    hashes: [] as number[],
    lengths: [] as { length: number; count: number }[],
  }))
  const of = (c: unknown): (typeof found)[number] => found[Number(c)] as (typeof found)[number]
  const named = await tables.rows(
    `SELECT c, level, n FROM counted_texts
     QUALIFY row_number() OVER (PARTITION BY c ORDER BY n DESC, level) <= ${namedLevels} ORDER BY c, n DESC, level`,
  )
  for (const { c, level, n } of named) of(c).levels.push({ level: level as string, count: Number(n) })
  const lengths = await tables.rows(
    `SELECT c, length(level) AS length, count(*) AS levels, CAST(sum(n) AS BIGINT) AS texts FROM counted_texts GROUP BY ALL`,
  )
  for (const { c, length, levels, texts } of lengths) {
    of(c).lengths.push({ length: Number(length), count: Number(texts) })
    of(c).distinct += Number(levels)
  }
  const frame = await tables.frame(
    `SELECT c, ${hashExpression('level')} AS hash FROM counted_texts
     QUALIFY row_number() OVER (PARTITION BY c ORDER BY hash) <= ${distinctSketchSize}`,
  )
  const [c, hash] = [frame.columns['c'], frame.columns['hash']]
  if (c?.kind === 'number' && hash?.kind === 'number') {
    c.values.forEach((index, row) => of(index).hashes.push(hash.values[row] as number))
  }
  return new Map(
    columns.map(({ name }, index): [string, CountedValues] => {
      const own = of(index)
      return [name, { ...own, numbers: [], lengths: lengthsOfCounts(own.lengths) }]
    }),
  )
}
