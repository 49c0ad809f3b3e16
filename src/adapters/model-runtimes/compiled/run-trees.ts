import { memberMode, type TreePredictor } from './parsed-model.ts'

/** Fills `raw` (`rows × targets`) from `matrix` (`rows × columns`); both row by row. */
export type TreeRunner = (matrix: Numbers, rows: number, raw: Numbers) => void

export type Numbers = Float32Array | Float64Array

/** Rows of a block stay in the nearest cache while all trees pass over them. */
const blockRows = 256

/** Trees of the usual kind get a loop of their own: one test (`<=`), one target, sums. */
export function createTreeRunner(trees: TreePredictor, columns: number): TreeRunner {
  const isUsual =
    trees.targets === 1 &&
    (trees.aggregate === 'sum' || trees.aggregate === 'average') &&
    trees.feature.every((feature, i) => feature < 0 || trees.mode[i] === 0) &&
    trees.feature.every(
      (feature, i) =>
        feature >= 0 || (trees.leafStart[i + 1] as number) - (trees.leafStart[i] as number) === 1,
    )
  return isUsual ? usualRunner(trees, columns) : generalRunner(trees, columns)
}

/**
 * Sums are kept in single precision and added tree by tree, and the base at the end, as onnxruntime does: every score is
 * the same to the last bit.
 */
function usualRunner(trees: TreePredictor, columns: number): TreeRunner {
  const { feature, threshold, yes, no, roots, missingGoesYes, leafStart, leafWeight } = trees
  const missing = Int32Array.from(yes, (to, i) => (missingGoesYes[i] === 1 ? to : (no[i] as number)))
  const leaf = Float32Array.from(feature, (each, i) =>
    each < 0 ? (leafWeight[leafStart[i] as number] as number) : 0,
  )
  const base = trees.base[0] as number
  const share = trees.aggregate === 'average' ? roots.length : 1
  const sums = new Float32Array(blockRows)
  return (matrix, rows, raw) => {
    for (let begin = 0; begin < rows; begin += blockRows) {
      const count = Math.min(blockRows, rows - begin)
      sums.fill(0, 0, count)
      for (let t = 0; t < roots.length; t++) {
        const root = roots[t] as number
        for (let row = 0; row < count; row++) {
          const start = (begin + row) * columns
          let node = root
          let column = feature[node] as number
          while (column >= 0) {
            const value = matrix[start + column] as number
            node = (
              value <= (threshold[node] as number) ? yes[node] : value === value ? no[node] : missing[node]
            ) as number
            column = feature[node] as number
          }
          sums[row] = (sums[row] as number) + (leaf[node] as number)
        }
      }
      for (let row = 0; row < count; row++) {
        const sum = sums[row] as number
        raw[begin + row] = (share === 1 ? sum : Math.fround(sum / share)) + base
      }
    }
  }
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
