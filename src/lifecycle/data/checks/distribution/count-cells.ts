import type { Cell, Row, Tables } from '#platform/tables/index'
import type { Column } from '../../rows/column-type.ts'
import { isNumeric, valueOf } from '../compile/columns.ts'
import { Uncheckable } from '../compiled-check.ts'

/** Rows of one side: a relation that stands after FROM. */
export interface Side {
  readonly rows: string
  readonly column: Column
}

/** More different values than this are no categories. */
const mostCategories = 200_000

/** How often each value occurs on a side, by its text; missing ones are left out. */
export async function countValues(tables: Tables, { rows, column }: Side): Promise<Map<string, number>> {
  const value = valueOf(column)
  const shown = isNumeric(column) ? `CAST(${value} AS DOUBLE)` : `CAST(${value} AS VARCHAR)`
  const counted = await tables.rows(
    `SELECT ${shown} AS v, count(*) AS n FROM ${rows} WHERE ${value} IS NOT NULL GROUP BY 1 LIMIT ${mostCategories + 1}`,
  )
  if (counted.length > mostCategories) {
    throw new Uncheckable(
      `"${column.name}" has more than ${mostCategories} different values, which are no categories`,
    )
  }
  return new Map(counted.map(({ v, n }) => [categoryOf(v ?? null), Number(n)]))
}

/** The same for a value of a column and one that is written in the project file. */
export function categoryOf(value: Cell): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Where a numeric axis is cut: `below` counts values less than the edge, `upTo` those at the edge as well. */
export interface Cut {
  readonly edge: number
  readonly side: 'below' | 'upTo'
}

/** The counts between cuts: below the first, between them, and above the last. Finite values only. */
export async function countBetween(
  tables: Tables,
  { rows, column }: Side,
  cuts: readonly Cut[],
): Promise<number[]> {
  const finite = finiteOf(column)
  const counts = cuts.map(
    ({ edge, side }, index) =>
      `count(*) FILTER (WHERE ${finite} ${side === 'below' ? '<' : '<='} ${edge}::DOUBLE) AS c${index}`,
  )
  const [row] = await tables.rows(
    `SELECT ${[...counts, `count(${finite}) AS total`].join(', ')} FROM ${rows}`,
  )
  const below = [...cuts.map((_, index) => numberIn(row, `c${index}`)), numberIn(row, 'total')]
  return below.map((count, index) => count - (below[index - 1] ?? 0))
}

/** Values without a place on the axis: NaN, and the two infinities. */
export async function countUnplaced(tables: Tables, { rows, column }: Side): Promise<number[]> {
  if (!/^(FLOAT|DOUBLE)/.test(column.sqlType)) return [0, 0, 0]
  const name = `"${column.name.replaceAll('"', '""')}"`
  const [row] = await tables.rows(
    `SELECT count(*) FILTER (WHERE isnan(${name})) AS nan, count(*) FILTER (WHERE ${name} = '-inf'::DOUBLE) AS low,
       count(*) FILTER (WHERE ${name} = 'inf'::DOUBLE) AS high FROM ${rows}`,
  )
  return [numberIn(row, 'nan'), numberIn(row, 'low'), numberIn(row, 'high')]
}

/**
 * Cuts that give cells of the same share of a side. Where several quantiles are one value, that value holds a share of its
 * own and is a cell by itself.
 */
export async function quantileCuts(tables: Tables, { rows, column }: Side, cells: number): Promise<Cut[]> {
  const places = Array.from({ length: cells + 1 }, (_, index) => index / cells)
  const [row] = await tables.rows(
    `SELECT quantile_cont(${finiteOf(column)}, [${places.join(', ')}]) AS edges FROM ${rows}`,
  )
  const edges = row?.['edges']
  if (!Array.isArray(edges)) return []
  const numbers = edges.map(Number)
  const cuts: Cut[] = []
  for (const [index, edge] of numbers.entries()) {
    if (numbers.indexOf(edge) !== index) continue
    const isRepeated = numbers.lastIndexOf(edge) !== index
    const isOuter = index === 0 || index === cells
    if (!isOuter || isRepeated) cuts.push({ edge, side: 'below' })
    if (isRepeated) cuts.push({ edge, side: 'upTo' })
  }
  return cuts
}

/** The quantiles themselves, each once, from the smallest value to the largest. */
export async function quantileEdges(
  tables: Tables,
  { rows, column }: Side,
  cells: number,
): Promise<number[]> {
  const places = Array.from({ length: cells + 1 }, (_, index) => index / cells)
  const [row] = await tables.rows(
    `SELECT quantile_cont(${finiteOf(column)}, [${places.join(', ')}]) AS edges FROM ${rows}`,
  )
  const edges = row?.['edges']
  return Array.isArray(edges) ? [...new Set(edges.map(Number))] : []
}

/** Cells as numpy.histogram has them: each with its lower edge, the last one with both. */
export function histogramCuts(edges: readonly number[]): Cut[] {
  return edges.map((edge, index) => ({ edge, side: index === edges.length - 1 ? 'upTo' : 'below' }))
}

export function finiteOf(column: Column): string {
  const value = `CAST(${valueOf(column)} AS DOUBLE)`
  return /^(FLOAT|DOUBLE)/.test(column.sqlType) ? `CASE WHEN isfinite(${value}) THEN ${value} END` : value
}

function numberIn(row: Row | undefined, name: string): number {
  return Number(row?.[name] ?? 0)
}
