import { createRandom } from '#platform/random'
import { chiSquareSurvival } from '#platform/statistics/distributions'
import type { Tables } from '#platform/tables/index'
import { Uncheckable, type CompiledCheck, type TableContext } from '../compiled-check.ts'
import { finiteOf, type Side } from '../distribution/count-cells.ts'
import { cramersPhi, sharesOf } from '../distribution/distances.ts'
import { distributionFunction, type DistributionFunction } from '../distribution/distribution-functions.ts'
import {
  observedSide,
  partitionOf,
  referenceSide,
  requirePartition,
  sharedCategories,
} from '../distribution/expected-cells.ts'
import { kolmogorovSurvival } from '../distribution/kolmogorov.ts'
import { withHoldout } from '../distribution/kullback-leibler-cells.ts'
import { kolmogorovDistance } from '../distribution/two-samples.ts'
import type { CheckOf } from '../expectation.ts'
import type { Judgement } from '../judgement.ts'
import { numberWords } from '../words/number-words.ts'
import { isNumeric, requireColumn, requireNumber, valueOf } from './columns.ts'

type Compile<Kind extends 'chi_square_test' | 'ks_test' | 'bootstrapped_ks_test' | 'cramers_phi'> = (
  check: CheckOf<Kind>,
  context: TableContext,
) => CompiledCheck

const chiSquareTest: Compile<'chi_square_test'> = (check, context) => {
  if (check.partition !== undefined) requirePartition(check.partition)
  if (check.partition !== undefined && 'bins' in check.partition) {
    throw new Uncheckable('a chi-square test compares values, not bins')
  }
  const observed = observedSide(check, context)
  const reference = referenceSide(check, context)
  return {
    shape: 'figure',
    compute: async (tables) => {
      const cells = await sharedCategories(tables, { observed, reference, partition: check.partition })
      const total = cells.observed.reduce((sum, count) => sum + count, 0)
      if (total === 0) throw new Uncheckable('no row has a value')
      const expected = withHoldout(cells.observed, sharesOf(cells.expected), check.tail_weight_holdout)
      const statistic = cells.observed.reduce((sum, count, index) => {
        const wanted = (expected[index] as number) * total
        return wanted === 0 && count === 0 ? sum : sum + (count - wanted) ** 2 / wanted
      }, 0)
      const pValue = Number.isFinite(statistic) ? chiSquareSurvival(statistic, cells.names.length - 1) : 0
      return judgePValue(pValue, check.p_value)
    },
  }
}

const ksTest: Compile<'ks_test'> = (check, context) => {
  const { distribution, reference, parameters = {} } = check
  if ((distribution === undefined) === (reference === undefined)) {
    throw new Uncheckable('either a distribution or a reference is expected')
  }
  const column = requireNumber(requireColumn(check.column, context.columns), 'the test is about numbers')
  const observed: Side = { rows: context.rows, column }
  if (distribution !== undefined) {
    const cdf = distributionFunction(distribution, parameters)
    return {
      shape: 'figure',
      compute: async (tables) => {
        const values = await sortedValues(tables, observed)
        return judgePValue(kolmogorovSurvival(distanceTo(values, cdf), values.length), check.p_value)
      },
    }
  }
  const other = referenceSide(check, context)
  return {
    shape: 'figure',
    compute: async (tables) => {
      if (other === undefined) throw new Uncheckable('a reference is expected')
      const { distance, left, right } = await kolmogorovDistance(tables, observed, other)
      if (left === 0 || right === 0) throw new Uncheckable('no row has a value')
      // As scipy.stats.ks_2samp with method="asymp".
      return judgePValue(
        kolmogorovSurvival(distance, Math.round((left * right) / (left + right))),
        check.p_value,
      )
    },
  }
}

/**
 * Draws small samples of the column again and again and tests each against the partition: testing all rows at once would
 * find that the partition is made of straight lines. What is told is the share of samples that do not differ.
 */
const bootstrappedKsTest: Compile<'bootstrapped_ks_test'> = (check, context) => {
  const given = check.partition
  if (given !== undefined) requirePartition(given)
  if (
    given !== undefined &&
    (!('bins' in given) || given.tail_weights?.some((weight) => weight > 0) === true)
  ) {
    throw new Uncheckable('bins without tail_weights are expected')
  }
  const column = requireNumber(requireColumn(check.column, context.columns), 'the test is about numbers')
  const reference = referenceSide(check, context)
  return {
    shape: 'figure',
    compute: async (tables) => {
      const partition = reference === undefined ? given : await partitionOf(tables, reference, check.bins)
      if (partition === undefined || !('bins' in partition)) throw new Uncheckable('bins are expected')
      const values = await sortedValues(tables, { rows: context.rows, column })
      const cdf = piecewise(partition.bins, partition.weights)
      const size = check.sample_size ?? partition.weights.length * 2
      const random = createRandom(check.seed)
      let alike = 0
      for (let drawn = 0; drawn < check.samples; drawn++) {
        const sample = Float64Array.from(
          { length: size },
          () => values[random.below(values.length)] as number,
        ).sort()
        if (kolmogorovSurvival(distanceTo(sample, cdf), size) >= check.p_value) alike += 1
      }
      return judgePValue((1 + alike) / (check.samples + 1), check.p_value)
    },
  }
}

const association: Compile<'cramers_phi'> = ({ columns: names, at_most, bins }, { columns, rows }) => {
  const cells = names.map((name, index) => {
    const column = requireColumn(name, columns)
    const edges = index === 0 ? bins?.first : bins?.second
    if (edges === undefined) return `CAST(${valueOf(column)} AS VARCHAR)`
    if (!isNumeric(column))
      throw new Uncheckable(`column "${name}" is ${column.type}; bins are about numbers`)
    const steps = edges.map((edge) => `CAST(${valueOf(column)} >= ${edge} AS INTEGER)`)
    return `CAST(${steps.join(' + ')} AS VARCHAR)`
  })
  const [first, second] = cells
  return {
    shape: 'figure',
    compute: async (tables) => {
      const counted = await tables.rows(
        `SELECT a, b, count(*) AS n FROM (SELECT ${first} AS a, ${second} AS b FROM ${rows})
         WHERE a IS NOT NULL AND b IS NOT NULL GROUP BY ALL LIMIT ${mostCells + 1}`,
      )
      if (counted.length > mostCells)
        throw new Uncheckable('the two columns have too many different pairs to be categories')
      if (counted.length === 0) throw new Uncheckable('no row has both values')
      const rowsOf = [...new Set(counted.map(({ a }) => a))]
      const columnsOf = [...new Set(counted.map(({ b }) => b))]
      const table = rowsOf.map(() => columnsOf.map(() => 0))
      for (const { a, b, n } of counted) {
        const row = table[rowsOf.indexOf(a)] as number[]
        row[columnsOf.indexOf(b)] = Number(n)
      }
      const phi = cramersPhi(table)
      return { outcome: phi <= at_most ? 'pass' : 'fail', found: `it is ${numberWords(phi)}`, observed: phi }
    },
  }
}

const mostCells = 20_000

export const distributionTests = {
  chi_square_test: chiSquareTest,
  ks_test: ksTest,
  bootstrapped_ks_test: bootstrappedKsTest,
  cramers_phi: association,
}

async function sortedValues(tables: Tables, { rows, column }: Side): Promise<Float64Array> {
  const value = finiteOf(column)
  const frame = await tables.frame(`SELECT ${value} AS v FROM ${rows} WHERE ${value} IS NOT NULL ORDER BY v`)
  const { v } = frame.columns
  if (v?.kind !== 'number' || v.values.length === 0) throw new Uncheckable('no row has a value')
  return v.values
}

/** The largest distance of sorted values from a distribution function. */
function distanceTo(sorted: Float64Array, cdf: DistributionFunction): number {
  let distance = 0
  const n = sorted.length
  for (let index = 0; index < n; index++) {
    const expected = cdf(sorted[index] as number)
    distance = Math.max(distance, (index + 1) / n - expected, expected - index / n)
  }
  return distance
}

/** The distribution function of a histogram: a straight line in every bin. */
function piecewise(bins: readonly number[], weights: readonly number[]): DistributionFunction {
  const sums = weights.reduce<number[]>((all, weight) => [...all, (all.at(-1) ?? 0) + weight], [0])
  return (x) => {
    if (x <= (bins[0] as number)) return 0
    const at = bins.findIndex((edge) => x < edge)
    if (at === -1) return sums.at(-1) as number
    const [low, high] = [bins[at - 1] as number, bins[at] as number]
    const [below, above] = [sums[at - 1] as number, sums[at] as number]
    return below + ((above - below) * (x - low)) / (high - low)
  }
}

function judgePValue(pValue: number, limit: number): Judgement {
  return { outcome: pValue > limit ? 'pass' : 'fail', found: `p is ${numberWords(pValue)}`, observed: pValue }
}
