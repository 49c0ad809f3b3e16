import type { BinnedRows } from './binned-rows.ts'
import type { FeatureBins } from './feature-bins.ts'

export interface SplitLimits {
  readonly l2: number
  readonly minGain: number
  readonly minRows: number
  readonly minHessian: number
  /** For a category with more than four levels in the node, as in LightGBM: extra L2, the largest set, its smallest step. */
  readonly categoryL2: number
  readonly categorySmoothing: number
  readonly maxCategorySet: number
  readonly minRowsPerSet: number
}

/** What a leaf knows of itself: sums over its rows, and the rows of the table behind it. */
export interface LeafSums {
  readonly gradient: number
  readonly hessian: number
  readonly rows: number
}

/** Which bins of one feature go left. `lastLeftBin` is set for a number: bins 1 to it go left. */
export interface Split {
  readonly feature: number
  readonly gain: number
  readonly goesLeft: Uint8Array
  readonly lastLeftBin: number
  /** The L2 penalty that its gain was found with, and that its sides' values must be found with too. */
  readonly l2: number
}

interface Node {
  readonly histogram: Float64Array
  readonly sums: LeafSums
  readonly limits: SplitLimits
  /** Rows are estimated as hessian × this, as LightGBM does: a third sum per bin would cost half as much again. */
  readonly rowsPerHessian: number
}

export interface SplitInput {
  readonly rows: BinnedRows
  readonly bins: readonly FeatureBins[]
  readonly usable: Uint8Array
  readonly limits: SplitLimits
}

/** The split that saves most of the second-order objective (Chen and Guestrin 2016, equation 7), if any is allowed. */
export function findSplit(histogram: Float64Array, sums: LeafSums, input: SplitInput): Split | undefined {
  const { limits } = input
  if (sums.rows < 2 * limits.minRows) return undefined
  const node: Node = { histogram, sums, limits, rowsPerHessian: sums.rows / Math.max(sums.hessian, 1e-300) }
  let best: Split | undefined
  for (const [feature, bins] of input.bins.entries()) {
    if (input.usable[feature] === 0) continue
    const place = {
      feature,
      first: input.rows.offsets[feature] as number,
      bins: (input.rows.offsets[feature + 1] as number) - (input.rows.offsets[feature] as number),
    }
    const split = bins.kind === 'number' ? splitNumber(node, place) : splitCategory(node, place)
    if (split !== undefined && split.gain > (best?.gain ?? limits.minGain)) best = split
  }
  return best
}

interface Place {
  readonly feature: number
  readonly first: number
  readonly bins: number
}

function score(gradient: number, hessian: number, l2: number): number {
  return (gradient * gradient) / (hessian + l2)
}

/** Tries every bound twice, with missing values on the right and on the left. */
function splitNumber(node: Node, place: Place): Split | undefined {
  const { histogram, sums, limits } = node
  const minHessian = Math.max(limits.minHessian, (limits.minRows - 0.5) / node.rowsPerHessian)
  const missingGradient = histogram[2 * place.first] as number
  const missingHessian = histogram[2 * place.first + 1] as number
  const hasMissing = missingHessian * node.rowsPerHessian >= 0.5
  const parent = score(sums.gradient, sums.hessian, limits.l2)
  let bestScore = parent + Math.max(limits.minGain, 1e-12 * parent)
  let bestBin = 0
  let bestMissingLeft = false
  let gradient = 0
  let hessian = 0
  for (let bin = 1; bin < place.bins; bin++) {
    const at = 2 * (place.first + bin)
    gradient += histogram[at] as number
    hessian += histogram[at + 1] as number
    const rest = sums.hessian - hessian
    if (rest < minHessian) break
    if (hessian >= minHessian) {
      const found = score(gradient, hessian, limits.l2) + score(sums.gradient - gradient, rest, limits.l2)
      if (found > bestScore) {
        bestScore = found
        bestBin = bin
        bestMissingLeft = false
      }
    }
    if (!hasMissing || hessian + missingHessian < minHessian || rest - missingHessian < minHessian) continue
    const found =
      score(gradient + missingGradient, hessian + missingHessian, limits.l2) +
      score(sums.gradient - gradient - missingGradient, rest - missingHessian, limits.l2)
    if (found > bestScore) {
      bestScore = found
      bestBin = bin
      bestMissingLeft = true
    }
  }
  if (bestBin === 0) return undefined
  const goesLeft = new Uint8Array(place.bins).fill(1, 1, bestBin + 1)
  goesLeft[0] = Number(hasMissing ? bestMissingLeft : leftIsHeavier(node, place, goesLeft))
  return { feature: place.feature, gain: bestScore - parent, goesLeft, lastLeftBin: bestBin, l2: limits.l2 }
}

/** Where no row was missing in training, missing values follow the larger part. */
function leftIsHeavier({ histogram, sums }: Node, place: Place, goesLeft: Uint8Array): boolean {
  let hessian = 0
  for (let bin = 1; bin < place.bins; bin++)
    if (goesLeft[bin] === 1) hessian += histogram[2 * (place.first + bin) + 1] as number
  return 2 * hessian > sums.hessian
}

/**
 * Sets of levels: sorted by their gradient statistic, the best set is a prefix or a suffix (Fisher 1958); LightGBM's
 * limits keep it from learning rare levels by heart.
 */
function splitCategory(node: Node, place: Place): Split | undefined {
  const { histogram, limits, rowsPerHessian } = node
  const present: number[] = []
  for (let bin = 0; bin < place.bins; bin++)
    if ((histogram[2 * (place.first + bin) + 1] as number) * rowsPerHessian >= 0.5) present.push(bin)
  const few = place.bins <= 5
  const smoothing = few ? 0 : limits.categorySmoothing
  const used = present.filter(
    (bin) => (histogram[2 * (place.first + bin) + 1] as number) * rowsPerHessian + 0.5 >= smoothing,
  )
  const statistic = new Float64Array(place.bins)
  for (const bin of used)
    statistic[bin] =
      (histogram[2 * (place.first + bin)] as number) /
      ((histogram[2 * (place.first + bin) + 1] as number) + smoothing)
  used.sort((a, b) => (statistic[a] as number) - (statistic[b] as number) || a - b)
  const l2 = limits.l2 + (few ? 0 : limits.categoryL2)
  const up = bestPrefix(node, place, { order: used, few, l2 })
  const down = bestPrefix(node, place, { order: used.toReversed(), few, l2 })
  const best = up.gain >= down.gain ? up : down
  if (best.set.length === 0) return undefined
  const goesLeft = new Uint8Array(place.bins)
  for (const bin of best.set) goesLeft[bin] = 1
  fillAbsent(goesLeft, present)
  if (present[0] !== 0) goesLeft[0] = Number(leftIsHeavier(node, place, goesLeft))
  return { feature: place.feature, gain: best.gain, goesLeft, lastLeftBin: 0, l2 }
}

function bestPrefix(
  node: Node,
  place: Place,
  { order, few, l2 }: { readonly order: readonly number[]; readonly few: boolean; readonly l2: number },
): { gain: number; set: readonly number[] } {
  const { histogram, sums, limits, rowsPerHessian } = node
  const minHessian = Math.max(limits.minHessian, (limits.minRows - 0.5) / rowsPerHessian)
  const minStep = few ? 0 : limits.minRowsPerSet / rowsPerHessian
  const longest = few ? order.length - 1 : Math.min(limits.maxCategorySet, (order.length + 1) >> 1)
  const parent = score(sums.gradient, sums.hessian, l2)
  let bestScore = parent + Math.max(limits.minGain, 1e-12 * parent)
  let length = 0
  let gradient = 0
  let hessian = 0
  let step = 0
  for (let i = 0; i < longest; i++) {
    const at = 2 * (place.first + (order[i] as number))
    gradient += histogram[at] as number
    hessian += histogram[at + 1] as number
    step += histogram[at + 1] as number
    const rest = sums.hessian - hessian
    if (rest < minHessian || rest < minStep) break
    if (hessian < minHessian || step < minStep) continue
    step = 0
    const found = score(gradient, hessian, l2) + score(sums.gradient - gradient, rest, l2)
    if (found <= bestScore) continue
    bestScore = found
    length = i + 1
  }
  return { gain: length === 0 ? 0 : bestScore - parent, set: order.slice(0, length) }
}

/**
 * A level without rows in this node goes with the neighbour of most similar mean label (bins are in that order): a
 * better guess than "always right", and fewer ranges for the graph to compare.
 */
function fillAbsent(goesLeft: Uint8Array, present: readonly number[]): void {
  const known = present.filter((bin) => bin > 0)
  let next = 0
  for (let bin = 1; bin < goesLeft.length; bin++) {
    while (next < known.length && (known[next] as number) < bin) next++
    const after = known[next]
    const before = known[next - 1]
    if (after === bin) continue
    const nearest =
      after === undefined || (before !== undefined && bin - before <= after - bin) ? before : after
    if (nearest !== undefined) goesLeft[bin] = goesLeft[nearest] as number
  }
}
