import { Uncheckable } from '../compiled-check.ts'
import type { Partition } from '../forms/distribution-forms.ts'
import type { SharedCells } from './expected-cells.ts'
import { kullbackLeibler, sharesOf } from './distances.ts'

interface Holdout {
  readonly tail_weight_holdout: number
  readonly internal_weight_holdout: number
}

/**
 * Categories: what was not expected has no weight, which makes the divergence infinite, unless a holdout is taken off the
 * expected weights and shared among all that was not expected (as Great Expectations has it).
 */
export function categoryDivergence(
  { observed, expected }: SharedCells,
  { tail_weight_holdout, internal_weight_holdout }: Holdout,
): number {
  if (internal_weight_holdout > 0) {
    throw new Uncheckable('internal_weight_holdout is about cells of a numeric column')
  }
  return kullbackLeibler(observed, withHoldout(observed, sharesOf(expected), tail_weight_holdout))
}

/** The expected shares with the holdout for what was not expected. */
export function withHoldout(
  observed: readonly number[],
  expected: readonly number[],
  holdout: number,
): number[] {
  const strange = observed.filter((count, index) => count > 0 && expected[index] === 0).length
  if (strange === 0) return [...expected]
  return expected.map((share, index) =>
    share === 0 && (observed[index] ?? 0) > 0 ? holdout / strange : share * (1 - holdout),
  )
}

/** @param observed counts below the first bin, in each, and above the last */
export function binDivergence(
  observed: readonly number[],
  partition: Extract<Partition, { bins: unknown }>,
  { tail_weight_holdout, internal_weight_holdout }: Holdout,
): number {
  const { weights, tail_weights } = partition
  if (tail_weight_holdout > 0 && tail_weights !== undefined) {
    throw new Uncheckable('tail_weight_holdout must be 0 where the partition has tail_weights')
  }
  const kept = 1 - tail_weight_holdout - internal_weight_holdout
  const empty = weights.filter((weight) => weight === 0).length
  const inner = weights.map((weight) =>
    weight === 0 && internal_weight_holdout > 0 ? internal_weight_holdout / empty : weight * kept,
  )
  const [low, high] = tail_weights ?? [tail_weight_holdout / 2, tail_weight_holdout / 2]
  return kullbackLeibler(observed, [low, ...inner, high])
}
