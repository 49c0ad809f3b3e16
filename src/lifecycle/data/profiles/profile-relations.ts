import { quoteName, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import type { LevelCount } from './column-profile.ts'
import { codesOf, correlationRatio, cramersV, pearson, ranksOf, type Codes } from './correlate.ts'
import { likelyKeys } from './likely-keys.ts'
import { readMatrix, sampleRows } from './row-sample.ts'
import type { Correlation, LikelyKey, ProfiledColumn } from './version-profile.ts'

const maximumNumbers = 24
const maximumCategories = 12
const maximumLevels = 50
const maximumMatrixColumns = 60
/** Ranks are sorted for, which costs more than they tell beyond so many rows. */
const rankedRows = 4000
const weakest = 0.1
const keptCorrelations = 60
const sampledTexts = 2000

export interface Relations {
  readonly correlations: Correlation[]
  readonly keys: LikelyKey[]
  /** Texts of a sample with their counts, of columns with more than are named. */
  readonly texts: ReadonlyMap<string, readonly LevelCount[]>
}

interface RelationsRequest {
  readonly relation: string
  readonly rows: number
  readonly columns: readonly Column[]
  readonly profiled: readonly ProfiledColumn[]
}

/** What takes several columns at once to see, or single values: all from one sample of the rows. */
export async function profileRelations(
  tables: Tables,
  { relation, rows, columns, profiled }: RelationsRequest,
): Promise<Relations> {
  const readable = columns
    .filter(({ type }) => type !== 'other' && type !== 'unknown')
    .slice(0, maximumMatrixColumns)
  if (rows === 0 || readable.length === 0) return { correlations: [], keys: [], texts: new Map() }
  const sample = await sampleRows(tables, { relation, rows, columns: readable })
  const matrix = await readMatrix(tables, { relation: sample.relation, columns: readable })
  const texts = new Map<string, LevelCount[]>()
  for (const { name, type, values } of profiled) {
    const isCut = type === 'text' && values.kind === 'category' && values.other > 0
    if (isCut && readable.some((column) => column.name === name)) {
      texts.set(name, await readTexts(tables, sample.relation, name))
    }
  }
  const search = { relation, rows, columns: readable, profiled, matrix, complete: sample.complete }
  return {
    correlations: correlationsOf(readable, profiled, matrix),
    keys: await likelyKeys(tables, search),
    texts,
  }
}

async function readTexts(tables: Tables, relation: string, name: string): Promise<LevelCount[]> {
  const rows = await tables.rows(
    `SELECT left(CAST(${quoteName(name)} AS VARCHAR), 100) AS level, count(*) AS n FROM ${relation}
     WHERE ${quoteName(name)} IS NOT NULL GROUP BY 1 ORDER BY hash(level) LIMIT ${sampledTexts}`,
  )
  return rows.map(({ level, n }) => ({ level: level as string, count: Number(n) }))
}

function correlationsOf(
  columns: readonly Column[],
  profiled: readonly ProfiledColumn[],
  matrix: ReadonlyMap<string, Float64Array>,
): Correlation[] {
  const distinct = new Map(profiled.map((column) => [column.name, column.distinct]))
  const isUsed = ({ name }: Column): boolean => (distinct.get(name) ?? 0) > 1
  const valuesOf = ({ name }: Column): Float64Array => matrix.get(name) ?? new Float64Array()
  const numbers = columns
    .filter((column) => (column.type === 'integer' || column.type === 'number') && isUsed(column))
    .slice(0, maximumNumbers)
    .map((column) => {
      const values = valuesOf(column)
      return { name: column.name, values, ranks: ranksOf(everyFew(values)) }
    })
  const categories = columns
    .filter(
      (column) =>
        (column.type === 'text' || column.type === 'boolean') &&
        isUsed(column) &&
        (distinct.get(column.name) ?? 0) <= maximumLevels,
    )
    .slice(0, maximumCategories)
    .map((column): { name: string; codes: Codes } => ({
      name: column.name,
      codes: codesOf(valuesOf(column)),
    }))
  const found: Correlation[] = []
  const keep = (correlation: Correlation): void => {
    const strength = Math.max(Math.abs(correlation.value), Math.abs(correlation.spearman ?? 0))
    if (strength >= weakest) found.push(rounded(correlation))
  }
  for (const [at, a] of numbers.entries()) {
    for (const b of numbers.slice(at + 1)) {
      const value = pearson(a.values, b.values)
      const spearman = pearson(a.ranks, b.ranks)
      if (Number.isNaN(value)) continue
      keep({
        columns: [a.name, b.name],
        measure: 'pearson',
        value,
        ...(Number.isNaN(spearman) ? {} : { spearman }),
      })
    }
  }
  for (const [at, a] of categories.entries()) {
    for (const b of categories.slice(at + 1)) {
      const value = cramersV(a.codes, b.codes)
      if (!Number.isNaN(value)) keep({ columns: [a.name, b.name], measure: 'cramers_v', value })
    }
    for (const b of numbers) {
      const value = correlationRatio(a.codes, b.values)
      if (!Number.isNaN(value)) keep({ columns: [a.name, b.name], measure: 'correlation_ratio', value })
    }
  }
  return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, keptCorrelations)
}

function rounded({ value, spearman, ...rest }: Correlation): Correlation {
  const round = (number: number): number => Number(number.toFixed(6))
  return { ...rest, value: round(value), ...(spearman === undefined ? {} : { spearman: round(spearman) }) }
}

/** Rows at equal distances, since files are often sorted. */
function everyFew(values: Float64Array): Float64Array {
  if (values.length <= rankedRows) return values
  const step = values.length / rankedRows
  return Float64Array.from({ length: rankedRows }, (_, at) => values[Math.floor(at * step)] as number)
}
