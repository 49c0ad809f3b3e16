import type { Node } from '#platform/onnx/index'
import { attributesOf, notCovered } from './node-reading.ts'
import { memberMode, type TreePredictor } from './parsed-model.ts'
import { aggregates, checkedTrees, isCover, numbersOf, postOf, typed, type ReadTrees } from './tree-parts.ts'

const modes = [
  'BRANCH_LEQ',
  'BRANCH_LT',
  'BRANCH_GTE',
  'BRANCH_GT',
  'BRANCH_EQ',
  'BRANCH_NEQ',
  'BRANCH_MEMBER',
]
const leafMode = 'LEAF'

interface NamedTrees extends ReadTrees {
  /** Two classes, and every leaf votes for the same one: there is one raw score. */
  readonly isBinary: boolean
  /** No leaf has a weight below zero: the raw score is a chance, and 0.5 decides. */
  readonly isPositive: boolean
}

/** TreeEnsembleClassifier and TreeEnsembleRegressor, versions 1 to 3 of ai.onnx.ml: nodes by the numbers of tree and node. */
export function readNamedTrees(node: Node, classCount?: number): NamedTrees {
  const attributes = attributesOf(node)
  const prefix = node.opType === 'TreeEnsembleClassifier' ? 'class' : 'target'
  const treeIds = attributes.integers('nodes_treeids') ?? notCovered('an ensemble without trees')
  const nodeIds = attributes.integers('nodes_nodeids') ?? []
  const count = treeIds.length
  const modeNames = attributes.texts('nodes_modes') ?? []
  const list = (name: string): readonly number[] => {
    const values = attributes.integers(name) ?? []
    return values.length === count ? values : notCovered(`${name} of another length than the nodes`)
  }
  if (nodeIds.length !== count || modeNames.length !== count)
    notCovered('nodes whose attributes have different lengths')
  const place = new Map<string, number>()
  for (let i = 0; i < count; i++) {
    const key = `${treeIds[i]} ${nodeIds[i]}`
    if (place.has(key)) notCovered('two nodes with the same number')
    place.set(key, i)
  }
  const at = (tree: number | undefined, id: number | undefined): number =>
    place.get(`${tree} ${id}`) ?? notCovered('a branch to a node that is not there')
  const [trues, falses, features] = [
    list('nodes_truenodeids'),
    list('nodes_falsenodeids'),
    list('nodes_featureids'),
  ]
  const bounds = numbersOf(attributes, 'nodes_values') ?? { values: new Float64Array(count), isDouble: false }
  if (bounds.values.length !== count) notCovered('nodes_values of another length than the nodes')
  const isLeaf = (i: number): boolean => modeNames[i] === leafMode
  const yes = Int32Array.from(trues, (id, i) => (isLeaf(i) ? -1 : at(treeIds[i], id)))
  const no = Int32Array.from(falses, (id, i) => (isLeaf(i) ? -1 : at(treeIds[i], id)))
  const roots: number[] = []
  for (let i = 0; i < count; i++) if (i === 0 || treeIds[i] !== treeIds[i - 1]) roots.push(i)

  const leafTrees = attributes.integers(`${prefix}_treeids`) ?? []
  const leafNodes = attributes.integers(`${prefix}_nodeids`) ?? []
  const leafIds = attributes.integers(`${prefix}_ids`) ?? []
  const weights = numbersOf(attributes, `${prefix}_weights`) ?? notCovered('leaves without weights')
  const order = Array.from({ length: weights.values.length }, (_, i) => i)
  const owner = order.map((i) => at(leafTrees[i], leafNodes[i]))
  const sorted = order.toSorted(
    (left, right) => (owner[left] as number) - (owner[right] as number) || left - right,
  )
  const leafStart = new Int32Array(count + 1)
  for (const i of owner) {
    if (!isLeaf(i)) notCovered('weights at a branch')
    leafStart[i + 1] = (leafStart[i + 1] as number) + 1
  }
  for (let i = 0; i < count; i++) leafStart[i + 1] = (leafStart[i + 1] as number) + (leafStart[i] as number)
  const missing = attributes.integers('nodes_missing_value_tracks_true')
  const cover = numbersOf(attributes, 'nodes_hitrates')?.values
  const base = numbersOf(attributes, 'base_values')?.values ?? []
  const isBinary = classCount === 2 && new Set(leafIds).size === 1
  return {
    isBinary,
    isPositive: Array.from(weights.values).every((weight) => weight >= 0),
    predictor: checkedTrees({
      kind: 'trees',
      targets: isBinary ? 1 : (classCount ?? attributes.integer('n_targets', 1)),
      roots: Int32Array.from(roots),
      feature: Int32Array.from(features, (feature, i) => (isLeaf(i) ? -1 : feature)),
      mode: Uint8Array.from(modeNames, (name) => (name === leafMode ? 0 : modeNumber(name))),
      threshold: typed(bounds.isDouble, bounds.values),
      yes,
      no,
      missingGoesYes: missing?.length === count ? Uint8Array.from(missing) : new Uint8Array(count),
      memberStart: new Int32Array(count + 1),
      members: new Float32Array(0),
      leafStart,
      leafTarget: Int32Array.from(sorted, (i) => (isBinary ? 0 : (leafIds[i] as number))),
      leafWeight: typed(
        weights.isDouble,
        sorted.map((i) => weights.values[i] as number),
      ),
      cover: cover !== undefined && isCover(cover, count) ? Float64Array.from(cover) : undefined,
      aggregate: aggregateOf(attributes.text('aggregate_function', 'SUM').toLowerCase()),
      // With one score for two classes, onnxruntime reads the second of two base values.
      base: Float64Array.from(isBinary && base.length === 2 ? [base[1] as number] : Array.from(base)),
    }),
    post: postOf(attributes.text('post_transform', 'NONE')),
  }
}

function modeNumber(name: string): number {
  const number = modes.indexOf(name)
  return number === -1 || number === memberMode ? notCovered(`the test ${name}`) : number
}

function aggregateOf(name: string): TreePredictor['aggregate'] {
  return aggregates.find((each) => each === name) ?? notCovered(`the aggregate ${name}`)
}
