import type { Task, TrainingTable } from '#lifecycle/training/index'
import { binRows, groupRows } from './binned-rows.ts'
import type { BinnedRows } from './binned-rows.ts'
import type { FeatureBins } from './feature-bins.ts'
import type { Tree } from './tree-grower.ts'

/** A fitted model: the base score plus one leaf of every tree. */
export interface Ensemble {
  readonly task: Task
  readonly bins: readonly FeatureBins[]
  readonly baseScore: number
  readonly trees: readonly Tree[]
}

/** Trees as flat arrays; node `i` is a leaf where `features[i]` is -1. */
interface FlatTrees {
  readonly roots: Int32Array
  readonly features: Int32Array
  readonly lefts: Int32Array
  readonly rights: Int32Array
  readonly values: Float64Array
  /** Where in `masks` the node's bins begin, minus the feature's first cell: `masks[maskStarts[i] + cell]`. */
  readonly maskStarts: Int32Array
  readonly masks: Uint8Array
}

export function scoreEnsemble(
  model: Ensemble,
  table: Pick<TrainingTable, 'rows' | 'features'>,
): Float64Array {
  const { groups, groupOf } = groupRows(binRows(table, model.bins))
  const scores = new Float64Array(groups.rows).fill(model.baseScore)
  addTrees(model.trees, groups, scores)
  if (model.task === 'binary')
    for (let i = 0; i < scores.length; i++) scores[i] = 1 / (1 + Math.exp(-(scores[i] as number)))
  return Float64Array.from(groupOf, (group) => scores[group] as number)
}

/** Rows of a block stay in the nearest cache while all trees pass over them. */
const blockRows = 1024

export function addTrees(trees: readonly Tree[], rows: BinnedRows, scores: Float64Array): void {
  const flat = flatten(trees, rows.offsets)
  for (let begin = 0; begin < rows.rows; begin += blockRows)
    addBlock(flat, rows, { scores, begin, end: Math.min(begin + blockRows, rows.rows) })
}

function addBlock(
  flat: FlatTrees,
  rows: BinnedRows,
  block: { readonly scores: Float64Array; readonly begin: number; readonly end: number },
): void {
  const { roots, features, lefts, rights, values, maskStarts, masks } = flat
  const { cells, featureCount } = rows
  const { scores, begin, end } = block
  for (const root of roots) {
    for (let row = begin; row < end; row++) {
      const start = row * featureCount
      let node = root
      let feature = features[node] as number
      while (feature >= 0) {
        const goes = masks[(maskStarts[node] as number) + (cells[start + feature] as number)] as number
        node = (goes === 1 ? lefts[node] : rights[node]) as number
        feature = features[node] as number
      }
      scores[row] = (scores[row] as number) + (values[node] as number)
    }
  }
}

function flatten(trees: readonly Tree[], offsets: Int32Array): FlatTrees {
  const total = trees.reduce((sum, tree) => sum + tree.nodes.length, 0)
  const flat = {
    roots: new Int32Array(trees.length),
    features: new Int32Array(total).fill(-1),
    lefts: new Int32Array(total),
    rights: new Int32Array(total),
    values: new Float64Array(total),
    maskStarts: new Int32Array(total),
  }
  const masks: Uint8Array[] = []
  let maskSize = 0
  let first = 0
  for (const [t, tree] of trees.entries()) {
    flat.roots[t] = first
    for (const [i, node] of tree.nodes.entries()) {
      const at = first + i
      if ('value' in node) {
        flat.values[at] = node.value
        continue
      }
      flat.features[at] = node.split.feature
      flat.lefts[at] = first + node.left
      flat.rights[at] = first + node.right
      flat.maskStarts[at] = maskSize - (offsets[node.split.feature] as number)
      masks.push(node.split.goesLeft)
      maskSize += node.split.goesLeft.length
    }
    first += tree.nodes.length
  }
  const joined = new Uint8Array(maskSize)
  let at = 0
  for (const mask of masks) {
    joined.set(mask, at)
    at += mask.length
  }
  return { ...flat, masks: joined }
}
