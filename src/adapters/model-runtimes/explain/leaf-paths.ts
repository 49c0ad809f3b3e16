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

interface Step {
  readonly node: number
  readonly yes: boolean
  readonly share: number
}

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

  const addLeaf = (node: number, path: readonly Step[]): void => {
    const asked = new Map<number, Step[]>()
    for (const step of path) {
      const about = feature[step.node] as number
      const steps = asked.get(about)
      if (steps === undefined) asked.set(about, [step])
      else steps.push(step)
    }
    for (const [about, steps] of asked) {
      column.push(about)
      share.push(steps.reduce((product, step) => product * step.share, 1))
      for (const step of steps) ask.push(step.node * 2 + Number(step.yes))
      askStart.push(ask.length)
    }
    mostColumns = Math.max(mostColumns, asked.size)
    const leaf = columnStart.length - 1
    columnStart.push(column.length)
    const sums = new Map<number, number>()
    for (let at = leafStart[node] as number; at < (leafStart[node + 1] as number); at++) {
      const target = leafTarget[at] as number
      sums.set(target, (sums.get(target) ?? 0) + (leafWeight[at] as number) * scale)
    }
    for (const [target, weight] of sums) {
      if (weight === 0) continue
      leaves[target]?.push(leaf)
      weights[target]?.push(weight)
    }
  }

  for (const root of roots) {
    const open: { readonly node: number; readonly path: readonly Step[] }[] = [{ node: root, path: [] }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { node, path } = next
      if ((feature[node] as number) < 0) {
        addLeaf(node, path)
        if (ask.length > mostQuestions) return undefined
        continue
      }
      const [met, unmet] = [yes[node] as number, no[node] as number]
      // Of the two children, so that both shares are one together whatever the graph says of the parent.
      const shareYes = shareOf(cover?.[met], cover?.[unmet])
      open.push({ node: unmet, path: [...path, { node, yes: false, share: 1 - shareYes }] })
      open.push({ node: met, path: [...path, { node, yes: true, share: shareYes }] })
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
