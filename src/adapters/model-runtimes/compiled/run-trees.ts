import { memberMode, type TreePredictor } from './parsed-model.ts'
import { createTreeKernel } from './tree-kernel.ts'
import { isUsual, usualTreeRunner } from './usual-trees.ts'

export type Numbers = Float32Array | Float64Array

/** Fills `raw` (`rows × targets`) from `matrix` (`rows × columns`); both row by row. */
export type TreeRunner = (matrix: Numbers, rows: number, raw: Numbers) => void

/** From so many rows on, the kernel is faster, which always takes sixteen. */
const kernelRows = 4

/** The fastest way through the trees: a kernel where they are of its kind and rows come together, else a loop. */
export function createTreeRunner(trees: TreePredictor, columns: number): TreeRunner {
  const loop = createTreeLoop(trees, columns)
  const kernel = createTreeKernel(trees, columns)
  if (kernel === undefined) return loop
  return (matrix, rows, raw) =>
    (rows < kernelRows || !(matrix instanceof Float32Array) ? loop : kernel)(matrix, rows, raw)
}

/** Trees of the usual kind get a loop of their own: one test (`<=`), one target, sums. */
export function createTreeLoop(trees: TreePredictor, columns: number): TreeRunner {
  return isUsual(trees) ? usualTreeRunner(trees, columns) : generalRunner(trees, columns)
}

function generalRunner(trees: TreePredictor, columns: number): TreeRunner {
  const { feature, roots, targets, base, aggregate, leafStart, leafTarget, leafWeight } = trees
  const sums = new Float32Array(targets)
  const met = new Uint8Array(targets)
  const test = branchTest(trees)
  return (matrix, rows, raw) => {
    for (let row = 0; row < rows; row++) {
      sums.fill(0)
      met.fill(0)
      const start = row * columns
      for (let t = 0; t < roots.length; t++) {
        let node = roots[t] as number
        let column = feature[node] as number
        while (column >= 0) {
          node = test(node, matrix[start + column] as number)
          column = feature[node] as number
        }
        for (let at = leafStart[node] as number; at < (leafStart[node + 1] as number); at++) {
          const target = leafTarget[at] as number
          const weight = leafWeight[at] as number
          const sum = sums[target] as number
          if (aggregate === 'min') sums[target] = met[target] === 0 ? weight : Math.min(sum, weight)
          else if (aggregate === 'max') sums[target] = met[target] === 0 ? weight : Math.max(sum, weight)
          else sums[target] = sum + weight
          met[target] = 1
        }
      }
      for (let t = 0; t < targets; t++) {
        const sum = sums[t] as number
        raw[row * targets + t] =
          (aggregate === 'average' ? Math.fround(sum / roots.length) : sum) + (base[t] as number)
      }
    }
  }
}

/** The node after a branch, for a value of its column. */
export function branchTest(trees: TreePredictor): (node: number, value: number) => number {
  const { mode, threshold, yes, no, missingGoesYes, memberStart, members } = trees
  const isMember = (node: number, value: number): boolean => {
    for (let at = memberStart[node] as number; at < (memberStart[node + 1] as number); at++)
      if (members[at] === value) return true
    return false
  }
  const passes = (node: number, value: number): boolean => {
    const bound = threshold[node] as number
    switch (mode[node]) {
      case 0:
        return value <= bound
      case 1:
        return value < bound
      case 2:
        return value >= bound
      case 3:
        return value > bound
      case 4:
        return value === bound
      case 5:
        return value !== bound
      case memberMode:
        return isMember(node, value)
      default:
        return false
    }
  }
  return (node, value) =>
    (passes(node, value) || (value !== value && missingGoesYes[node] === 1) ? yes[node] : no[node]) as number
}
