import {
  rangesOf,
  sketchError,
  sketchQuantiles,
  type NumberSketch,
  type ValueCount,
} from './number-sketch.ts'
import { cellOf } from './quantile-edges.ts'
import { quantileShares, type ProfiledColumn } from './version-profile.ts'

/** How numbers spread: the quantiles that a profile keeps, and counts between edges. */
export interface NumberCells {
  readonly quantiles: readonly number[] | null
  /** How far they may be off; absent where they are exact. */
  readonly quantileError?: number
  readonly edges: readonly number[]
  /** Below the first edge, between the edges, above the last one. */
  readonly counts: readonly number[]
}

const targetCells = 20

/**
 * The edges of the column in an earlier profile, while nine tenths of the values lie within them: then two versions
 * compare cell by cell. Undefined when they no longer fit.
 */
export function fittingEdges(
  earlier: ProfiledColumn | undefined,
  { p05, p95 }: { p05: number; p95: number },
): readonly number[] | undefined {
  if (earlier?.values.kind !== 'number') return undefined
  const { edges } = earlier.values
  const [first, last] = [edges[0], edges.at(-1)]
  return first !== undefined && last !== undefined && p05 >= first && p95 <= last ? edges : undefined
}

/** From every distinct value with its count, ascending: exact, and the rows are not read again. */
export function cellsOfCounts(
  sorted: readonly ValueCount[],
  earlier: ProfiledColumn | undefined,
): NumberCells {
  const total = sorted.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return { quantiles: null, edges: [], counts: [0] }
  const quantiles = quantileShares.map((share) => quantileOf(sorted, share * total))
  const [, p05 = 0, , , , p95 = 0] = quantiles
  const edges = fittingEdges(earlier, { p05, p95 }) ?? edgesOfCounts(sorted, total)
  const counts = Array.from<number>({ length: edges.length + 1 }).fill(0)
  for (const { value, count } of sorted) {
    const cell = cellOf(edges, value)
    counts[cell] = (counts[cell] as number) + count
  }
  return { quantiles, edges, counts }
}

/** The smallest value with at least `rank` values at or below it. */
function quantileOf(sorted: readonly ValueCount[], rank: number): number {
  let below = 0
  for (const { value, count } of sorted) {
    below += count
    if (below >= rank) return value
  }
  return (sorted.at(-1) as ValueCount).value
}

/** As `quantileEdges` does from a sorted array: ties share a cell, and a value that is frequent enough has its own. */
function edgesOfCounts(sorted: readonly ValueCount[], total: number): number[] {
  const [first, last] = [sorted[0] as ValueCount, sorted.at(-1) as ValueCount]
  const share = sorted.length <= targetCells ? 0 : total / targetCells
  const edges = [first.value]
  let inCell = first.count
  for (let at = 1; at < sorted.length; at++) {
    const { value, count } = sorted[at] as ValueCount
    if (inCell >= share || count >= share) {
      edges.push(((sorted[at - 1] as ValueCount).value + value) / 2)
      inCell = 0
    }
    inCell += count
  }
  return [...edges, last.value]
}

/**
 * From a sketch, exactly, because its cells are whole bins. Undefined where the earlier edges have to be kept and cut through
 * bins: then the rows must be counted again.
 */
export function cellsOfSketch(
  sketch: NumberSketch,
  earlier: ProfiledColumn | undefined,
): NumberCells | undefined {
  const ranges = rangesOf(sketch)
  const quantiles = sketchQuantiles(sketch, quantileShares)
  const [first, last] = [ranges[0], ranges.at(-1)]
  if (quantiles === null || first === undefined || last === undefined) {
    return { quantiles: null, edges: [], counts: [0] }
  }
  const [, p05 = 0, , , , p95 = 0] = quantiles
  const known = fittingEdges(earlier, { p05, p95 })
  const isCut = (edge: number): boolean => ranges.some(({ low, high }) => edge > low && edge < high)
  if (known?.some(isCut) === true) return undefined
  const edges = known ?? edgesOfRanges(ranges)
  const counts = Array.from<number>({ length: edges.length + 1 }).fill(0)
  for (const { value, count } of ranges) {
    const cell = cellOf(edges, value)
    counts[cell] = (counts[cell] as number) + count
  }
  return { quantiles, quantileError: sketchError(sketch), edges, counts }
}

function edgesOfRanges(ranges: ReturnType<typeof rangesOf>): number[] {
  const total = ranges.reduce((sum, { count }) => sum + count, 0)
  const edges = [(ranges[0] as { low: number }).low]
  let inCell = 0
  for (const [at, { low, count }] of ranges.entries()) {
    const share = total / targetCells
    if (at > 0 && (inCell >= share || count >= share)) {
      edges.push(low)
      inCell = 0
    }
    inCell += count
  }
  return [...edges, (ranges.at(-1) as { high: number }).high]
}
