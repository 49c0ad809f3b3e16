import type { Tables } from '#platform/tables/index'
import { Uncheckable, type CompiledCheck, type TableContext } from '../compiled-check.ts'
import { countBetween, histogramCuts, type Side } from '../distribution/count-cells.ts'
import { cramersV, jensenShannon, largestDifference, stabilityIndex } from '../distribution/distances.ts'
import {
  observedSide,
  partitionOf,
  referenceSide,
  requirePartition,
  sharedBins,
  sharedCategories,
  withoutRare,
  type DistributionRequest,
  type SharedCells,
} from '../distribution/expected-cells.ts'
import { binDivergence, categoryDivergence } from '../distribution/kullback-leibler-cells.ts'
import { earthMoverDistance, kolmogorovDistance, type TwoSamples } from '../distribution/two-samples.ts'
import type { distributionForms } from '../forms/distribution-forms.ts'
import type { Judgement } from '../judgement.ts'
import { numberWords } from '../words/number-words.ts'
import { isNumeric } from './columns.ts'
import type { CompilersOf } from './compilers.ts'
import { distributionTests } from './distribution-tests.ts'

const rareShare = 0.01

export const compileDistributions: CompilersOf<keyof typeof distributionForms> = {
  ...distributionTests,
  kl_divergence: (check, context) => {
    const { observed, reference } = sidesOf(check, context)
    return figure(async (tables) => {
      if (isCategory(check, observed)) {
        const cells = await sharedCategories(tables, { observed, reference, partition: check.partition })
        return judgeDistance(categoryDivergence(requireValues(cells), check), check.at_most)
      }
      const partition =
        reference === undefined ? check.partition : await partitionOf(tables, reference, check.bins)
      if (partition === undefined || !('bins' in partition))
        throw new Uncheckable('bins are expected of a numeric column')
      const counts = await countBetween(tables, observed, histogramCuts(partition.bins))
      requireValues({ names: [], observed: counts, expected: [1] })
      return judgeDistance(binDivergence(counts, partition, check), check.at_most)
    })
  },
  js_divergence: (check, context) => {
    const sides = sidesOf(check, context)
    return figure(async (tables) => {
      const cells = await cellsOf(tables, check, sides)
      return judgeDistance(jensenShannon(cells.observed, cells.expected), check.at_most)
    })
  },
  l_infinity: (check, context) => {
    const { observed, reference } = sidesOf(check, context)
    if (!isCategory(check, observed)) {
      throw new Uncheckable(
        `column "${check.column}" is ${observed.column.type}; l_infinity compares shares of categories: take psi or ks_distance`,
      )
    }
    return figure(async (tables) => {
      const cells = requireValues(
        await sharedCategories(tables, { observed, reference, partition: check.partition }),
      )
      const { distance, index } = largestDifference(cells.observed, cells.expected)
      const worst = index === -1 ? '' : `, worst for ${JSON.stringify(cells.names[index])}`
      return judgeDistance(distance, check.at_most, worst)
    })
  },
  psi: (check, context) => {
    const sides = sidesOf(check, context)
    return figure(async (tables) => {
      const all = await cellsOf(tables, check, sides)
      const cells = isCategory(check, sides.observed) ? withoutRare(all, rareShare) : all
      return judgeDistance(stabilityIndex(cells.expected, cells.observed), check.at_most)
    })
  },
  ks_distance: (check, context) => twoSamples(check, context, kolmogorovDistance),
  emd: (check, context) => twoSamples(check, context, earthMoverDistance),
  cramers_v: (check, context) => {
    const { observed, reference } = sidesOf(check, context)
    if (!isCategory(check, observed)) {
      throw new Uncheckable(
        `column "${check.column}" is ${observed.column.type}; cramers_v compares categories: take ks_distance`,
      )
    }
    return figure(async (tables) => {
      const all = requireValues(
        await sharedCategories(tables, { observed, reference, partition: check.partition }),
      )
      const rows = all.observed.reduce((sum, count) => sum + count, 0)
      const cells = withoutRare(all, rareShare)
      // Weights of a partition have no size of their own: they stand for as many rows as were observed.
      const expected =
        reference === undefined ? cells.expected.map((weight) => weight * rows) : cells.expected
      return judgeDistance(cramersV(expected, cells.observed), check.at_most)
    })
  },
}

interface Sides {
  readonly observed: Side
  readonly reference: Side | undefined
}

function sidesOf(check: DistributionRequest, context: TableContext): Sides {
  if (check.partition !== undefined) requirePartition(check.partition)
  return { observed: observedSide(check, context), reference: referenceSide(check, context) }
}

/** Text and truth values are categories; numbers are where a partition lists values. */
function isCategory({ partition }: DistributionRequest, { column }: Side): boolean {
  if (partition === undefined) return !isNumeric(column)
  const lists = 'values' in partition
  if (!lists && !isNumeric(column) && column.type !== 'unknown') {
    throw new Uncheckable(`column "${column.name}" is ${column.type}; bins are about numbers`)
  }
  return lists
}

async function cellsOf(
  tables: Tables,
  check: DistributionRequest,
  { observed, reference }: Sides,
): Promise<SharedCells> {
  const { partition, bins } = check
  return requireValues(
    isCategory(check, observed)
      ? await sharedCategories(tables, { observed, reference, partition })
      : await sharedBins(tables, { observed, reference, partition, bins }),
  )
}

function requireValues(cells: SharedCells): SharedCells {
  if (cells.observed.every((count) => count === 0)) throw new Uncheckable('no row has a value')
  if (cells.expected.every((count) => count === 0))
    throw new Uncheckable('no row of the reference has a value')
  return cells
}

function twoSamples(
  check: DistributionRequest & { readonly at_most: number },
  context: TableContext,
  measure: (tables: Tables, left: Side, right: Side) => Promise<TwoSamples>,
): CompiledCheck {
  const { observed, reference } = sidesOf(check, context)
  if (reference === undefined || !(isNumeric(observed.column) || observed.column.type === 'unknown')) {
    throw new Uncheckable(
      `column "${check.column}" is ${observed.column.type}; this distance is about numbers`,
    )
  }
  return figure(async (tables) => {
    const { distance, left, right } = await measure(tables, observed, reference)
    requireValues({ names: [], observed: [left], expected: [right] })
    return judgeDistance(distance, check.at_most)
  })
}

function figure(compute: (tables: Tables) => Promise<Judgement>): CompiledCheck {
  return { shape: 'figure', compute }
}

/** @param limit null: the distance is told, and never fails. An infinite one fails, with nothing observed. */
export function judgeDistance(distance: number, limit: number | null, more = ''): Judgement {
  const isFinite = Number.isFinite(distance)
  return {
    outcome: limit === null || distance <= limit ? 'pass' : 'fail',
    found: isFinite
      ? `it is ${numberWords(distance)}${more}`
      : 'it is infinite: there are values that were not expected',
    observed: isFinite ? distance : null,
  }
}
