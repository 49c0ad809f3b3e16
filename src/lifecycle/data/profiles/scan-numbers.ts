import { requireRow, type Row, type Tables } from '#platform/tables/index'
import { cellsOfSketch, fittingEdges, type NumberCells } from './number-cells.ts'
import { sketchError, sketchQuantiles, type NumberSketch } from './number-sketch.ts'
import { quantileShares, type ProfiledColumn } from './version-profile.ts'

/** A numeric column with too many distinct values to count each. */
export interface ScannedColumn {
  readonly name: string
  /** An SQL expression: a finite double, or NULL. */
  readonly value: string
  readonly low: number
  readonly high: number
  readonly earlier: ProfiledColumn | undefined
  readonly sketch: NumberSketch | undefined
}

/** Exact quantiles keep every value in memory and sort it; beyond so many values the column's sketch tells them. */
const maximumExactValues = 500_000

/** 5, 10, …, 95 %: between them lie twenty cells of equal share. */
const cutShares = Array.from({ length: 19 }, (_, index) => (index + 1) / 20)
const askedShares = [...new Set([...quantileShares, ...cutShares])].sort((a, b) => a - b)

/**
 * Of few rows the exact quantiles in one scan, and the counts between edges in a second one, for all columns at once. Of many
 * the sketch tells both, and no row is read again.
 */
export async function scanNumbers(
  tables: Tables,
  { relation, columns, rows }: { relation: string; columns: readonly ScannedColumn[]; rows: number },
): Promise<ReadonlyMap<string, NumberCells>> {
  const exact = rows * columns.length <= maximumExactValues
  const cells = new Map<string, NumberCells>()
  const left: ScannedColumn[] = []
  for (const column of columns) {
    const own =
      exact || column.sketch === undefined ? undefined : cellsOfSketch(column.sketch, column.earlier)
    if (own === undefined) left.push(column)
    else cells.set(column.name, own)
  }
  if (left.length === 0) return cells
  const sorted = left.filter(({ sketch }) => exact || sketch === undefined)
  const quantiles = await one(
    tables,
    relation,
    sorted.map(
      ({ value }, index) => `quantile_disc(${value}, [${askedShares.join(', ')}]) AS c${index}_quantiles`,
    ),
  )
  const spreads = left.map((column): Spread => {
    const { low, high, sketch } = column
    const at = sorted.indexOf(column)
    if (at >= 0) return { low, high, quantiles: quantilesOf(quantiles, at), error: undefined }
    const known = sketch as NumberSketch
    return { low, high, quantiles: sketchQuantiles(known, askedShares) ?? [], error: sketchError(known) }
  })
  const edges = left.map(({ earlier }, index) => edgesFrom(spreads[index] as Spread, earlier))
  const counted = await one(
    tables,
    relation,
    left.flatMap(({ value }, index) => histogramAggregates(value, edges[index] ?? [], `c${index}`)),
  )
  for (const [index, { name }] of left.entries()) {
    const own = edges[index] ?? []
    const spread = spreads[index] as Spread
    cells.set(name, {
      quantiles: keptQuantiles(spread),
      ...(spread.error === undefined ? {} : { quantileError: spread.error }),
      edges: own,
      counts: cellCounts(own, counted, `c${index}`),
    })
  }
  return cells
}

async function one(tables: Tables, relation: string, aggregates: readonly string[]): Promise<Row> {
  if (aggregates.length === 0) return {}
  return requireRow(await tables.rows(`SELECT ${aggregates.join(', ')} FROM ${relation}`))
}

function quantilesOf(spread: Row, index: number): number[] {
  const values = spread[`c${index}_quantiles`]
  return Array.isArray(values) ? values.map(Number) : []
}

interface Spread {
  /** At the asked shares; empty where there is no value. */
  readonly quantiles: readonly number[]
  readonly low: number
  readonly high: number
  readonly error: number | undefined
}

function keptQuantiles({ quantiles }: Spread): number[] | null {
  if (quantiles.length === 0) return null
  return quantileShares.map((share) => quantiles[askedShares.indexOf(share)] as number)
}

function edgesFrom({ quantiles, low, high }: Spread, earlier: ProfiledColumn | undefined): readonly number[] {
  if (quantiles.length === 0) return []
  // What stands for a bin of the sketch may lie just outside of what the bin holds.
  const at = (share: number): number =>
    Math.min(high, Math.max(low, quantiles[askedShares.indexOf(share)] as number))
  const known = fittingEdges(earlier, { p05: at(0.05), p95: at(0.95) })
  if (known !== undefined) return known
  const cuts = new Set(cutShares.map(at))
  return [low, ...[...cuts].filter((cut) => cut > low && cut < high), high]
}

/** DuckDB's bins include their upper bound and ours their lower one, so the values and the edges are negated. */
function histogramAggregates(value: string, edges: readonly number[], prefix: string): string[] {
  const last = edges.at(-1)
  if (last === undefined) return []
  const bounds = [...new Set(edges)].map((edge) => `${-edge}::DOUBLE`).reverse()
  return [
    `histogram(-(${value}), [${bounds.join(', ')}]) AS ${prefix}_cells`,
    `count(*) FILTER (WHERE ${value} > ${last}::DOUBLE) AS ${prefix}_above`,
  ]
}

function cellCounts(edges: readonly number[], counted: Row, prefix: string): number[] {
  if (edges.length === 0) return [0]
  const bins = counted[`${prefix}_cells`]
  const fromEdge = new Map<number, number>()
  let below = 0
  for (const bin of Array.isArray(bins) ? bins : []) {
    const { key, value } = bin as { key: number; value: number }
    const edge = -key
    if (Number.isFinite(edge)) fromEdge.set(edge, value)
    else below += value
  }
  const above = Number(counted[`${prefix}_above`] ?? 0)
  const cells = edges.slice(0, -1).map((edge) => fromEdge.get(edge) ?? 0)
  const last = edges.at(-1) as number
  // In a constant column the only cell begins and ends at the same value.
  const atLast = edges.at(-2) === last ? 0 : (fromEdge.get(last) ?? 0)
  cells[cells.length - 1] = (cells.at(-1) as number) + atLast - above
  return [below, ...cells, above]
}
