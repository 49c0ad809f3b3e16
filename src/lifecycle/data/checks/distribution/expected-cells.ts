import type { Tables } from '#platform/tables/index'
import { isNumeric, requireColumn } from '../compile/columns.ts'
import { Uncheckable, type TableContext } from '../compiled-check.ts'
import type { Partition } from '../forms/distribution-forms.ts'
import type { TableReference } from '../forms/form-parts.ts'
import {
  categoryOf,
  countBetween,
  countUnplaced,
  countValues,
  histogramCuts,
  quantileCuts,
  quantileEdges,
  type Side,
} from './count-cells.ts'

/** The same cells on both sides. */
export interface SharedCells {
  readonly names: readonly string[]
  readonly observed: readonly number[]
  /** Counts of the reference, or the weights of a partition. */
  readonly expected: readonly number[]
}

export interface DistributionRequest {
  readonly column: string
  readonly reference?: TableReference | undefined
  readonly partition?: Partition | undefined
  readonly bins?: number
}

/** The side that is judged. */
export function observedSide({ column }: DistributionRequest, { columns, rows }: TableContext): Side {
  const found = requireColumn(column, columns)
  if (found.type === 'other')
    throw new Uncheckable(`column "${column}" is ${found.sqlType}, which has no distribution`)
  return { rows, column: found }
}

/** The side that it is compared with; undefined where a partition says what is expected. */
export function referenceSide(request: DistributionRequest, context: TableContext): Side | undefined {
  const { reference, partition } = request
  if ((reference === undefined) === (partition === undefined)) {
    throw new Uncheckable('either a reference or a distribution to compare with is expected')
  }
  if (reference === undefined) return undefined
  const { relation, columns, name } = context.referenced(reference)
  const observed = requireColumn(request.column, context.columns)
  const column = columns.find((one) => one.name === request.column)
  if (column === undefined) throw new Uncheckable(`${name} has no column "${request.column}"`)
  if (isNumeric(observed) !== isNumeric(column) && observed.type !== 'unknown' && column.type !== 'unknown') {
    throw new Uncheckable(`column "${column.name}" is ${observed.type}, and ${column.type} in ${name}`)
  }
  return { rows: relation, column }
}

export function requirePartition(partition: Partition): void {
  const tails = 'bins' in partition ? (partition.tail_weights ?? [0, 0]) : [0, 0]
  const places = 'bins' in partition ? partition.bins.length - 1 : partition.values.length
  if (partition.weights.length !== places) {
    throw new Uncheckable(
      `${places} weights are expected in the partition, and there are ${partition.weights.length}`,
    )
  }
  if (
    'bins' in partition &&
    partition.bins.some((edge, index) => index > 0 && edge <= (partition.bins[index - 1] ?? edge))
  ) {
    throw new Uncheckable('the bins of the partition must rise')
  }
  const sum = [...partition.weights, ...tails].reduce((total, weight) => total + weight, 0)
  if (Math.abs(sum - 1) > 1e-6)
    throw new Uncheckable(`the weights of the partition add up to ${sum}, not to 1`)
}

/** Values and how often they are there on both sides. */
export async function sharedCategories(
  tables: Tables,
  {
    observed,
    reference,
    partition,
  }: { observed: Side; reference: Side | undefined; partition: Partition | undefined },
): Promise<SharedCells> {
  const seen = await countValues(tables, observed)
  const expected =
    reference === undefined
      ? new Map(
          partition !== undefined && 'values' in partition
            ? partition.values.map((value, index) => [categoryOf(value), partition.weights[index] ?? 0])
            : [],
        )
      : await countValues(tables, reference)
  const names = [...new Set([...expected.keys(), ...seen.keys()])]
  return {
    names,
    observed: names.map((name) => seen.get(name) ?? 0),
    expected: names.map((name) => expected.get(name) ?? 0),
  }
}

/**
 * Cells of a numeric axis. Against a reference: its quantiles, because equal widths leave all but one cell empty where one
 * value lies far out; with the outer cells open, and NaN and the infinities in cells that both sides share. Against a
 * partition: its bins and two tails.
 */
export async function sharedBins(
  tables: Tables,
  {
    observed,
    reference,
    partition,
    bins = 10,
  }: {
    observed: Side
    reference: Side | undefined
    partition: Partition | undefined
    bins?: number | undefined
  },
): Promise<SharedCells> {
  if (reference === undefined) {
    if (partition === undefined || !('bins' in partition))
      throw new Uncheckable('bins are expected of a numeric column')
    const counts = await countBetween(tables, observed, histogramCuts(partition.bins))
    const [low, high] = partition.tail_weights ?? [0, 0]
    return {
      names: counts.map((_, index) => `cell ${index}`),
      observed: counts,
      expected: [low, ...partition.weights, high],
    }
  }
  const cuts = await quantileCuts(tables, reference, bins)
  const side = async (one: Side): Promise<number[]> => [
    ...(await countBetween(tables, one, cuts)),
    ...(await countUnplaced(tables, one)),
  ]
  const [left, right] = [await side(observed), await side(reference)]
  return { names: left.map((_, index) => `cell ${index}`), observed: left, expected: right }
}

/** A reference as a partition of fixed bins, from its smallest to its largest value; outside of it nothing is expected. */
export async function partitionOf(tables: Tables, reference: Side, bins: number): Promise<Partition> {
  const edges = await quantileEdges(tables, reference, bins)
  if (edges.length < 2)
    throw new Uncheckable(`the reference has fewer than two values of "${reference.column.name}"`)
  const counts = await countBetween(tables, reference, histogramCuts(edges))
  const inside = counts.slice(1, -1)
  const total = inside.reduce((sum, count) => sum + count, 0)
  return { bins: edges, weights: inside.map((count) => count / total) }
}

/** Categories rarer than the share in the reference, together as one. */
export function withoutRare({ names, observed, expected }: SharedCells, share: number): SharedCells {
  const total = expected.reduce((sum, count) => sum + count, 0)
  const isRare = (index: number): boolean => (expected[index] ?? 0) < share * total
  const kept = names.flatMap((_, index) => (isRare(index) ? [] : [index]))
  const sumRare = (counts: readonly number[]): number =>
    counts.reduce((sum, count, index) => (isRare(index) ? sum + count : sum), 0)
  const pick = (counts: readonly number[]): number[] => [
    ...kept.map((index) => counts[index] ?? 0),
    sumRare(counts),
  ]
  return {
    names: [...kept.map((index) => names[index] ?? ''), 'other'],
    observed: pick(observed),
    expected: pick(expected),
  }
}
