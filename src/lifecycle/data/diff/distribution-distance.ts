import type { CategoryProfile, NumberProfile } from '../profiles/column-profile.ts'
import type { ProfiledColumn } from '../profiles/version-profile.ts'

/** Shares of the same cells on two sides. */
interface SharedCells {
  readonly left: readonly number[]
  readonly right: readonly number[]
  /** False where cells were cut to fit, so that mass inside a cell had to be taken as even. */
  readonly exact: boolean
}

export interface DistributionDistance {
  /** Population stability index, natural logarithm; shares below 0.0001 count as 0.0001. */
  readonly psi: number
  /** Square root of the Jensen-Shannon divergence to base 2 (Lin 1991): 0 for equal, 1 for disjoint. */
  readonly jensenShannon: number
  readonly exact: boolean
}

/** An empty cell would make the index infinite. */
const smallestShare = 1e-4

/** How far two profiles of a column lie apart; undefined where one has no values or they are of different kinds. */
export function distributionDistance(
  left: ProfiledColumn,
  right: ProfiledColumn,
): DistributionDistance | undefined {
  const cells = sharedCells(left, right)
  if (cells === undefined) return undefined
  return {
    psi: stabilityIndex(cells.left, cells.right),
    jensenShannon: jensenShannonDistance(cells.left, cells.right),
    exact: cells.exact,
  }
}

function sharedCells(left: ProfiledColumn, right: ProfiledColumn): SharedCells | undefined {
  if (left.values.count === 0 || right.values.count === 0) return undefined
  if (left.values.kind === 'number' && right.values.kind === 'number') {
    return sharedNumberCells(left.values, right.values)
  }
  if (left.values.kind === 'category' && right.values.kind === 'category') {
    return sharedLevels(left.values, right.values)
  }
  return undefined
}

function sharedLevels(left: CategoryProfile, right: CategoryProfile): SharedCells | undefined {
  if (left.levels.length === 0 || right.levels.length === 0) return undefined
  const levels = [...new Set([...left.levels, ...right.levels])]
  const counts = (profile: CategoryProfile): number[] => {
    const byLevel = new Map(profile.levels.map((level, index) => [level, profile.counts[index] as number]))
    return [...levels.map((level) => byLevel.get(level) ?? 0), profile.other + profile.unseen.count]
  }
  return { left: shares(counts(left)), right: shares(counts(right)), exact: left.other + right.other === 0 }
}

function sharedNumberCells(left: NumberProfile, right: NumberProfile): SharedCells {
  const same =
    left.edges.length === right.edges.length && left.edges.every((edge, index) => edge === right.edges[index])
  if (same) return { left: shares(left.counts), right: shares(right.counts), exact: true }
  const cuts = left.edges.slice(1, -1)
  return { left: shares(countsBetween(left, cuts)), right: shares(countsBetween(right, cuts)), exact: false }
}

/** The counts of a profile between other cut points: below the first, between them, from the last on. */
export function countsBetween(profile: NumberProfile, cuts: readonly number[]): number[] {
  const below = cuts.map((cut) => countBelow(profile, cut))
  return [...below, profile.count].map((count, index) => count - (below[index - 1] ?? 0))
}

/** How many values lie below a point, when the mass of a cell is spread evenly over it. */
function countBelow({ edges, counts, count, min, max }: NumberProfile, point: number): number {
  if (min === null || max === null || point <= min) return 0
  if (point > max) return count
  // The outer cells reach to the smallest and the largest value.
  const bounds = [Math.min(min, edges[0] ?? min), ...edges, Math.max(max, edges.at(-1) ?? max)]
  let sum = 0
  for (const [index, cell] of counts.entries()) {
    const [low, high] = [bounds[index] ?? max, bounds[index + 1] ?? max]
    if (point >= high && point > low) sum += cell
    else if (point > low) return sum + (cell * (point - low)) / (high - low)
    else if (point <= low) return sum
  }
  return sum
}

function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return counts.map((count) => (total === 0 ? 0 : count / total))
}

function stabilityIndex(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, share, index) => {
    const p = Math.max(share, smallestShare)
    const q = Math.max(right[index] as number, smallestShare)
    return sum + (q - p) * Math.log(q / p)
  }, 0)
}

function jensenShannonDistance(left: readonly number[], right: readonly number[]): number {
  const towards = (share: number, other: number): number =>
    share === 0 ? 0 : share * Math.log2((2 * share) / (share + other))
  const divergence = left.reduce((sum, share, index) => {
    const other = right[index] as number
    return sum + (towards(share, other) + towards(other, share)) / 2
  }, 0)
  return Math.sqrt(Math.max(0, divergence))
}
