import type { LabelledRows } from './binned-rows.ts'
import type { FeatureBins } from './feature-bins.ts'
import { subtractHistogram, sumRows } from './histogram.ts'
import type { Gradients, RowRange } from './histogram.ts'
import { findSplit } from './split-search.ts'
import type { LeafSums, Split, SplitLimits } from './split-search.ts'

export interface GrowLimits extends SplitLimits {
  readonly leaves: number
  /** -1 for no limit. */
  readonly maxDepth: number
  readonly learningRate: number
}

/** Node 0 is the root; a node without a split is a leaf with a value. */
export interface Tree {
  readonly nodes: readonly TreeNode[]
}

export type TreeNode = TreeBranch | TreeLeaf

export interface TreeBranch {
  readonly split: Split
  readonly left: number
  readonly right: number
}

export interface TreeLeaf {
  readonly value: number
}

interface OpenLeaf {
  readonly node: number
  readonly depth: number
  readonly begin: number
  readonly end: number
  readonly histogram: Float64Array
  readonly sums: LeafSums
  /** Of the split that made this leaf. */
  readonly l2: number
  readonly split: Split | undefined
}

/** Where a grown leaf's rows are in the grower's order, so that their scores can be raised without walking the tree. */
export interface LeafRows {
  readonly begin: number
  readonly end: number
  readonly value: number
}

export interface GrowInput extends Gradients {
  /** The rows to learn from, in any order; grouped by leaf afterwards. */
  readonly order: Int32Array
  /** 0 for a feature that this tree may not use. */
  readonly usable: Uint8Array
}

/**
 * Grows one tree after another, leaf by leaf: always the leaf whose split saves most (Shi 2007; LightGBM). Keeps its
 * buffers between trees; nothing is allocated per row.
 */
export class TreeGrower {
  private readonly rows: LabelledRows
  private readonly bins: readonly FeatureBins[]
  private readonly limits: GrowLimits
  private readonly spare: Int32Array
  private readonly histograms: readonly Float64Array[]

  constructor(rows: LabelledRows, bins: readonly FeatureBins[], limits: GrowLimits) {
    this.rows = rows
    this.bins = bins
    this.limits = limits
    this.spare = new Int32Array(rows.rows)
    const size = 2 * (rows.offsets[bins.length] as number)
    this.histograms = Array.from({ length: limits.leaves }, () => new Float64Array(size))
  }

  /** The leaves cover `order`; a tree that found no split worth making is a single leaf. */
  grow(input: GrowInput): { tree: Tree; leaves: readonly LeafRows[] } {
    const nodes: TreeNode[] = [{ value: 0 }]
    const open = [this.openRoot(input)]
    while (open.length < this.limits.leaves) {
      const at = mostGaining(open)
      const leaf = open[at]
      if (leaf?.split === undefined) break
      const isLast = open.length + 1 === this.limits.leaves
      const [left, right] = this.divide(leaf, leaf.split, { ...input, nextNode: nodes.length, isLast })
      nodes[leaf.node] = { split: leaf.split, left: left.node, right: right.node }
      nodes.push({ value: 0 }, { value: 0 })
      open[at] = left
      open.push(right)
    }
    const leaves = open.map((leaf) => ({ begin: leaf.begin, end: leaf.end, value: this.valueOf(leaf) }))
    for (const [i, leaf] of open.entries()) nodes[leaf.node] = { value: leaves[i]?.value ?? 0 }
    return { tree: { nodes }, leaves }
  }

  /** Rounded to single precision, because that is what the graph will add up. */
  private valueOf({ sums, l2 }: OpenLeaf): number {
    return Math.fround((-this.limits.learningRate * sums.gradient) / Math.max(sums.hessian + l2, 1e-15))
  }

  private openRoot(input: GrowInput): OpenLeaf {
    const histogram = this.histograms[0] as Float64Array
    const range = { order: input.order, begin: 0, end: input.order.length, pairs: input.pairs }
    sumRows(histogram, this.rows, range)
    const sums = this.sumsOf(range)
    const split = this.splitOf(histogram, { sums, depth: 0, usable: input.usable })
    return {
      node: 0,
      depth: 0,
      begin: 0,
      end: input.order.length,
      histogram,
      sums,
      l2: this.limits.l2,
      split,
    }
  }

  private splitOf(
    histogram: Float64Array,
    leaf: { readonly sums: LeafSums; readonly depth: number; readonly usable: Uint8Array },
  ): Split | undefined {
    if (this.limits.maxDepth >= 0 && leaf.depth >= this.limits.maxDepth) return undefined
    const { rows, bins, limits } = this
    return findSplit(histogram, leaf.sums, { rows, bins, limits, usable: leaf.usable })
  }

  private sumsOf({ order, begin, end, pairs }: Gradients & RowRange): LeafSums {
    const { counts } = this.rows
    let gradient = 0
    let hessian = 0
    let rows = 0
    for (let i = begin; i < end; i++) {
      const row = order[i] as number
      gradient += pairs[2 * row] as number
      hessian += pairs[2 * row + 1] as number
      rows += counts[row] as number
    }
    return { gradient, hessian, rows }
  }

  private divide(
    leaf: OpenLeaf,
    split: Split,
    input: GrowInput & { readonly nextNode: number; readonly isLast: boolean },
  ): [OpenLeaf, OpenLeaf] {
    const { order, pairs, usable } = input
    const middle = this.partition(leaf, split, order)
    const leftIsSmaller = middle - leaf.begin <= leaf.end - middle
    const left = { begin: leaf.begin, end: middle }
    const right = { begin: middle, end: leaf.end }
    const smaller = { order, pairs, ...(leftIsSmaller ? left : right) }
    const smallerSums = this.sumsOf(smaller)
    const largerSums: LeafSums = {
      gradient: leaf.sums.gradient - smallerSums.gradient,
      hessian: leaf.sums.hessian - smallerSums.hessian,
      rows: leaf.sums.rows - smallerSums.rows,
    }
    const depth = leaf.depth + 1
    // Each split adds one leaf and one node more than that, so half of the node count is a histogram not yet in use.
    const fresh = this.histograms[(input.nextNode + 1) >> 1] as Float64Array
    const smallerLeaf = { depth, l2: split.l2, sums: smallerSums, histogram: fresh, usable }
    const largerLeaf = { depth, l2: split.l2, sums: largerSums, histogram: leaf.histogram, usable }
    if (!input.isLast) {
      sumRows(fresh, this.rows, smaller)
      subtractHistogram(leaf.histogram, fresh)
    }
    const close = (
      child: typeof smallerLeaf,
      place: { begin: number; end: number },
      node: number,
    ): OpenLeaf => ({
      ...child,
      ...place,
      node,
      split: input.isLast ? undefined : this.splitOf(child.histogram, child),
    })
    return [
      close(leftIsSmaller ? smallerLeaf : largerLeaf, left, input.nextNode),
      close(leftIsSmaller ? largerLeaf : smallerLeaf, right, input.nextNode + 1),
    ]
  }

  /** Stable, and without a branch on the data: a wrong guess of the processor costs more than a second write. */
  private partition(leaf: OpenLeaf, split: Split, order: Int32Array): number {
    const { cells, featureCount, offsets } = this.rows
    const { feature, goesLeft } = split
    const { spare } = this
    const offset = offsets[feature] as number
    let left = leaf.begin
    let right = 0
    for (let i = leaf.begin; i < leaf.end; i++) {
      const row = order[i] as number
      const goes = goesLeft[(cells[row * featureCount + feature] as number) - offset] as number
      order[left] = row
      spare[right] = row
      left += goes
      right += 1 - goes
    }
    order.set(spare.subarray(0, right), left)
    return left
  }
}

function mostGaining(open: readonly OpenLeaf[]): number {
  let best = 0
  for (const [i, leaf] of open.entries())
    if ((leaf.split?.gain ?? 0) > (open[best]?.split?.gain ?? 0)) best = i
  return best
}
