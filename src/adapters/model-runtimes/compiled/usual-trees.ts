import type { TreePredictor } from './parsed-model.ts'
import type { Numbers, TreeRunner } from './run-trees.ts'

/** Rows of a block stay in the nearest cache while all trees pass over them. */
const blockRows = 256
/** Rows that go down a tree side by side, so that the processor waits for memory once for all of them. */
const abreast = 4
/** Deeper trees are uneven, and every row would go all the way down. */
const depthLimit = 16

/** One target, one weight a leaf, `<=` everywhere, thresholds of 32 bits: what gradient boosting and forests write. */
export function isUsual(trees: TreePredictor): boolean {
  const { feature, mode, threshold, leafStart, targets, aggregate, roots } = trees
  return (
    targets === 1 &&
    (aggregate === 'sum' || aggregate === 'average') &&
    threshold instanceof Float32Array &&
    trees.leafWeight instanceof Float32Array &&
    feature.every((each, i) =>
      each < 0
        ? (leafStart[i + 1] as number) - (leafStart[i] as number) === 1
        : mode[i] === 0 && Number.isFinite(threshold[i]),
    ) &&
    roots.every((root) => depthOf(trees, root) <= depthLimit)
  )
}

function depthOf({ feature, yes, no }: TreePredictor, root: number): number {
  const walk = (node: number): number => {
    if ((feature[node] as number) < 0) return 0
    return 1 + Math.max(walk(yes[node] as number), walk(no[node] as number))
  }
  return walk(root)
}

/** Per node: column, threshold, node if not, node if so. A leaf leads to itself, so that every row takes as many steps. */
const nodeSize = 4

/**
 * No step has a branch that the processor could guess wrong, which costs more than all else here. Sums are kept in single
 * precision and added tree by tree, and the base at the end, as onnxruntime does: scores are the same to the last bit.
 *
 * Measured on 100 trees of depth 6, 64 rows: 84 µs; one row at a time down branches, 260 µs; onnxruntime, 90 µs.
 */
export function usualTreeRunner(trees: TreePredictor, columns: number): TreeRunner {
  const { links, bounds, leaves, roots, depths, asksMissing } = layout(trees, columns)
  const width = asksMissing ? columns * 2 : columns
  const base = trees.base[0] as number
  const share = trees.aggregate === 'average' ? roots.length : 1
  const sums = new Float32Array(blockRows)
  const block = new Float32Array(blockRows * width)
  const step = (node: number, start: number): number =>
    links[
      (node +
        2 +
        (((block[start + (links[node] as number)] as number) <=
          (bounds[node + 1] as number)) as unknown as number)) |
        0
    ] as number
  return (matrix, rows, raw) => {
    for (let begin = 0; begin < rows; begin += blockRows) {
      const count = Math.min(blockRows, rows - begin)
      fillBlock(block, { matrix, first: begin * columns, count, columns, asksMissing })
      sums.fill(0, 0, count)
      for (let t = 0; t < roots.length; t++) {
        const root = roots[t] as number
        const depth = depths[t] as number
        let row = 0
        for (; row + abreast <= count; row += abreast) {
          const start = row * width
          let [a, b, c, d] = [root, root, root, root]
          for (let level = 0; level < depth; level++) {
            a = step(a, start)
            b = step(b, start + width)
            c = step(c, start + 2 * width)
            d = step(d, start + 3 * width)
          }
          sums[row] = (sums[row] as number) + (leaves[a] as number)
          sums[row + 1] = (sums[row + 1] as number) + (leaves[b] as number)
          sums[row + 2] = (sums[row + 2] as number) + (leaves[c] as number)
          sums[row + 3] = (sums[row + 3] as number) + (leaves[d] as number)
        }
        for (; row < count; row++) {
          let node = root
          for (let level = 0; level < depth; level++) node = step(node, row * width)
          sums[row] = (sums[row] as number) + (leaves[node] as number)
        }
      }
      for (let row = 0; row < count; row++) {
        const sum = sums[row] as number
        raw[begin + row] = (share === 1 ? sum : Math.fround(sum / share)) + base
      }
    }
  }
}

function layout(trees: TreePredictor, columns: number) {
  const { feature, threshold, yes, no, missingGoesYes, leafStart, leafWeight } = trees
  const count = feature.length
  const asksMissing = missingGoesYes.some((goes, i) => goes === 1 && (feature[i] as number) >= 0)
  const links = new Int32Array(count * nodeSize)
  const bounds = new Float32Array(links.buffer)
  const leaves = new Float32Array(count * nodeSize)
  for (let i = 0; i < count; i++) {
    const at = i * nodeSize
    const column = feature[i] as number
    if (column < 0) {
      links[at + 2] = links[at + 3] = at
      leaves[at] = leafWeight[leafStart[i] as number] as number
      continue
    }
    links[at] = column + (missingGoesYes[i] === 1 ? columns : 0)
    bounds[at + 1] = threshold[i] as number
    links[at + 2] = (no[i] as number) * nodeSize
    links[at + 3] = (yes[i] as number) * nodeSize
  }
  return {
    links,
    bounds,
    leaves,
    asksMissing,
    roots: trees.roots.map((root) => root * nodeSize),
    depths: trees.roots.map((root) => depthOf(trees, root)),
  }
}

interface BlockRows {
  readonly matrix: Numbers
  readonly first: number
  readonly count: number
  readonly columns: number
  readonly asksMissing: boolean
}

/**
 * Where branches differ in what they do with missing values, every row has its columns twice: NaN, which is never at most
 * a threshold, and then -Infinity, which always is.
 */
function fillBlock(block: Float32Array, { matrix, first, count, columns, asksMissing }: BlockRows): void {
  if (!asksMissing) {
    for (let i = 0; i < count * columns; i++) block[i] = matrix[first + i] as number
    return
  }
  for (let row = 0; row < count; row++) {
    for (let c = 0; c < columns; c++) {
      const value = matrix[first + row * columns + c] as number
      const at = row * columns * 2 + c
      block[at] = value
      block[at + columns] = value === value ? value : -Infinity
    }
  }
}
