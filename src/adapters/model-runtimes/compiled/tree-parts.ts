import { notCovered, type NodeAttributes } from './node-reading.ts'
import { memberMode, type TreePredictor } from './parsed-model.ts'

/** What ONNX does to the scores of an ensemble or a linear form, by its own names. */
export type PostTransform = 'NONE' | 'SOFTMAX' | 'LOGISTIC' | 'SOFTMAX_ZERO' | 'PROBIT'

/** By the numbers that TreeEnsemble has for them. */
export const postTransforms: readonly PostTransform[] = [
  'NONE',
  'SOFTMAX',
  'LOGISTIC',
  'SOFTMAX_ZERO',
  'PROBIT',
]
export const aggregates = ['average', 'sum', 'min', 'max'] as const

export interface ReadTrees {
  readonly predictor: TreePredictor
  readonly post: PostTransform
}

export function postOf(name: string): PostTransform {
  return postTransforms.find((each) => each === name) ?? notCovered(`the post transform ${name}`)
}

/** Floats, or the same as a tensor of doubles in the attribute `<name>_as_tensor`. */
export function numbersOf(
  attributes: NodeAttributes,
  name: string,
): { values: ArrayLike<number>; isDouble: boolean } | undefined {
  const tensor = attributes.tensor(`${name}_as_tensor`)
  if (tensor?.type === 'double' || tensor?.type === 'float')
    return { values: tensor.values, isDouble: tensor.type === 'double' }
  const values = attributes.floats(name)
  return values === undefined ? undefined : { values, isDouble: false }
}

export const typed = (isDouble: boolean, values: ArrayLike<number>): Float32Array | Float64Array =>
  isDouble ? Float64Array.from(values) : Float32Array.from(values)

/** Converters write 1 for every node when they do not know. */
export function isCover(values: ArrayLike<number>, count: number): boolean {
  if (values.length !== count) return false
  const first = values[0] ?? 0
  return (
    Array.from(values).some((value) => value !== first) && Array.from(values).every((value) => value >= 0)
  )
}

/**
 * Trees that are no trees would never end: every node but a shared leaf is reached once, and everything that is pointed at
 * is there.
 */
export function checkedTrees(trees: TreePredictor): TreePredictor {
  const { feature, yes, no, roots, targets, leafTarget, base, mode } = trees
  const count = feature.length
  const seen = new Uint8Array(count)
  for (const root of roots) {
    const open = [root]
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      if (!(i >= 0 && i < count)) notCovered('a branch to a node that is not there')
      const isLeaf = (feature[i] as number) < 0
      if (seen[i] === 1 && !isLeaf) notCovered('nodes that are reached in two ways')
      seen[i] = 1
      if (!isLeaf) open.push(yes[i] as number, no[i] as number)
    }
  }
  if (leafTarget.some((target) => target < 0 || target >= targets)) notCovered('a leaf of an unknown target')
  if (mode.some((number) => number > memberMode)) notCovered('an unknown test')
  if (base.length > 0 && base.length !== targets) notCovered('base values of another number than the targets')
  return base.length === 0 ? { ...trees, base: new Float64Array(targets) } : trees
}
