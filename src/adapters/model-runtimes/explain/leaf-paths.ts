import type { TreePredictor } from '../compiled/index.ts'

/**
 * Every leaf of an ensemble with the questions on the way to it, gathered by the column of the matrix that they ask about:
 * a leaf is reached when all its columns answer as it needs. Columns of leaf `l` stand from `columnStart[l]` to
 * `columnStart[l + 1]`; the questions of the column at `c` from `askStart[c]` to `askStart[c + 1]`.
 */
export interface LeafPaths {
  /** By target, the leaves that add to it, and how much. */
  readonly leaves: readonly Int32Array[]
  readonly weights: readonly Float64Array[]
  readonly columnStart: Int32Array
  readonly column: Int32Array
  /** Share of the training rows that go the leaf's way at all questions of a column; 1 where the graph does not say. */
  readonly share: Float64Array
  readonly askStart: Int32Array
  /** `node * 2`, plus 1 when the leaf is on the side of `yes`. */
  readonly ask: Int32Array
  readonly mostColumns: number
}

/** Chains of thousands of questions would take memory with the square of their length. */
const mostQuestions = 5_000_000

/** Undefined for ensembles that are too deep, and for those whose leaves are not added up. */
export function leafPaths(trees: TreePredictor): LeafPaths | undefined {
  const { feature, yes, no, roots, targets, leafStart, leafTarget, leafWeight, cover, aggregate } = trees
  if (aggregate === 'min' || aggregate === 'max') return undefined
  const scale = aggregate === 'average' ? 1 / roots.length : 1
  const leaves = Array.from({ length: targets }, (): number[] => [])
  const weights = Array.from({ length: targets }, (): number[] => [])
  const columnStart = [0]
  const column: number[] = []
  const share: number[] = []
  const askStart = [0]
  const ask: number[] = []
  let mostColumns = 0

  /** The way to the node at hand: questions as in `ask`, and shares. */
  const path: { ask: number; share: number }[] = []
  const addLeaf = (node: number, depth: number): void => {
    const begin = column.length
    for (let i = 0; i < depth; i++) {
      const about = feature[(path[i]?.ask ?? 0) >> 1] as number
      if (column.indexOf(about, begin) !== -1) continue
      let product = 1
      for (let k = i; k < depth; k++) {
        const step = path[k] as (typeof path)[number]
        if (feature[step.ask >> 1] !== about) continue
        product *= step.share
        ask.push(step.ask)
      }
      column.push(about)
      share.push(product)
      askStart.push(ask.length)
    }
    mostColumns = Math.max(mostColumns, column.length - begin)
    const leaf = columnStart.length - 1
    columnStart.push(column.length)
    for (let at = leafStart[node] as number; at < (leafStart[node + 1] as number); at++) {
      const target = leafTarget[at] as number
      leaves[target]?.push(leaf)
      weights[target]?.push((leafWeight[at] as number) * scale)
    }
  }

  for (const root of roots) {
    const open = [{ node: root, depth: 0, step: { ask: 0, share: 1 } }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { node, depth, step } = next
      if (depth > 0) path[depth - 1] = step
      if ((feature[node] as number) < 0) {
        addLeaf(node, depth)
        if (ask.length > mostQuestions) return undefined
        continue
      }
      const [met, unmet] = [yes[node] as number, no[node] as number]
      // Of the two children, so that both shares are one together whatever the graph says of the parent.
      const shareYes = shareOf(cover?.[met], cover?.[unmet])
      open.push({ node: unmet, depth: depth + 1, step: { ask: node * 2, share: 1 - shareYes } })
      open.push({ node: met, depth: depth + 1, step: { ask: node * 2 + 1, share: shareYes } })
    }
  }
  return {
    leaves: leaves.map((list) => Int32Array.from(list)),
    weights: weights.map((list) => Float64Array.from(list)),
    columnStart: Int32Array.from(columnStart),
    column: Int32Array.from(column),
    share: Float64Array.from(share),
    askStart: Int32Array.from(askStart),
    ask: Int32Array.from(ask),
    mostColumns,
  }
}

function shareOf(met = 0, unmet = 0): number {
  return met + unmet > 0 ? met / (met + unmet) : 0.5
}
