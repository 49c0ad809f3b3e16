import { requireRow, type Row, type Tables } from '#platform/tables/index'
import { fittingEdges, type NumberCells } from './number-cells.ts'
import { quantileShares, type ProfiledColumn } from './version-profile.ts'

/** A numeric column with too many distinct values to count each. */
export interface ScannedColumn {
  readonly name: string
  /** An SQL expression: a finite double, or NULL. */
  readonly value: string
  readonly earlier: ProfiledColumn | undefined
}

/** Exact quantiles keep every value in memory and sort it; beyond so many values a t-digest estimates them. */
const maximumExactValues = 2_000_000

/** 5, 10, …, 95 %: between them lie twenty cells of equal share. */
const cutShares = Array.from({ length: 19 }, (_, index) => (index + 1) / 20)
const askedShares = [...new Set([...quantileShares, ...cutShares])].sort((a, b) => a - b)

/** Quantiles in one scan, and the counts between edges in a second one, for all columns at once. */
export async function scanNumbers(
  tables: Tables,
  { relation, columns, rows }: { relation: string; columns: readonly ScannedColumn[]; rows: number },
): Promise<ReadonlyMap<string, NumberCells>> {
  if (columns.length === 0) return new Map()
  const quantile = rows * columns.length <= maximumExactValues ? 'quantile_disc' : 'approx_quantile'
  const spread = await one(
    tables,
    relation,
    columns.flatMap(({ value }, index) => [
      `${quantile}(${value}, [${askedShares.join(', ')}]) AS c${index}_quantiles`,
      `min(${value}) AS c${index}_min`,
      `max(${value}) AS c${index}_max`,
    ]),
  )
  const edges = columns.map((column, index) => edgesFrom(spread, index, column.earlier))
  const counted = await one(
    tables,
    relation,
    columns.flatMap(({ value }, index) => histogramAggregates(value, edges[index] ?? [], `c${index}`)),
  )
  return new Map(
    columns.map(({ name }, index) => {
      const own = edges[index] ?? []
      return [
        name,
        {
          quantiles: keptQuantiles(spread, index),
          edges: own,
          counts: cellCounts(own, counted, `c${index}`),
        },
      ]
    }),
  )
}

async function one(tables: Tables, relation: string, aggregates: readonly string[]): Promise<Row> {
  if (aggregates.length === 0) return {}
  return requireRow(await tables.rows(`SELECT ${aggregates.join(', ')} FROM ${relation}`))
}

function quantilesOf(spread: Row, index: number): number[] {
  const values = spread[`c${index}_quantiles`]
  return Array.isArray(values) ? values.map(Number) : []
}

function keptQuantiles(spread: Row, index: number): number[] | null {
  const all = quantilesOf(spread, index)
  return all.length === 0 ? null : quantileShares.map((share) => all[askedShares.indexOf(share)] as number)
}

function edgesFrom(spread: Row, index: number, earlier: ProfiledColumn | undefined): readonly number[] {
  const all = quantilesOf(spread, index)
  if (all.length === 0) return []
  const [low, high] = [Number(spread[`c${index}_min`]), Number(spread[`c${index}_max`])]
  const at = (share: number): number => all[askedShares.indexOf(share)] as number
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
