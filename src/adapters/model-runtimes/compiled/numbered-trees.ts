import type { Node } from '#platform/onnx/index'
import { attributesOf, notCovered } from './node-reading.ts'
import { memberMode } from './parsed-model.ts'
import { aggregates, checkedTrees, postTransforms, typed, type ReadTrees } from './tree-parts.ts'

/** TreeEnsemble of ai.onnx.ml 5: branches and leaves in arrays of their own. */
export function readNumberedTrees(node: Node): ReadTrees {
  const attributes = attributesOf(node)
  const features = attributes.integers('nodes_featureids') ?? notCovered('an ensemble without trees')
  const branches = features.length
  const tensor = (name: string) => {
    const found = attributes.tensor(name)
    return found === undefined || found.type === 'text' ? undefined : found
  }
  const modeTensor = tensor('nodes_modes') ?? notCovered('branches without tests')
  const splits = tensor('nodes_splits') ?? notCovered('branches without thresholds')
  const weights = tensor('leaf_weights') ?? notCovered('leaves without weights')
  const targets = attributes.integers('leaf_targetids') ?? []
  const list = (name: string): readonly number[] => {
    const values = attributes.integers(name) ?? []
    return values.length === branches ? values : notCovered(`${name} of another length than the nodes`)
  }
  const [trues, falses] = [list('nodes_truenodeids'), list('nodes_falsenodeids')]
  const [trueLeafs, falseLeafs] = [list('nodes_trueleafs'), list('nodes_falseleafs')]
  const leaves = weights.values.length
  if (targets.length !== leaves || modeTensor.values.length !== branches || splits.values.length !== branches)
    notCovered('nodes whose attributes have different lengths')
  // Leaves follow the branches. A leaf that two branches share becomes two: see `checked`.
  const count = branches + leaves
  const target = (id: number | undefined, leaf: number | undefined): number =>
    leaf === 1 ? branches + (id ?? 0) : (id ?? 0)
  const pad = <T extends Int32Array | Uint8Array | Float32Array | Float64Array>(
    into: T,
    values: ArrayLike<number>,
  ): T => {
    into.set(values)
    return into
  }
  const isDouble = splits.type === 'double'
  const memberValues = tensor('membership_values')?.values ?? new Float64Array(0)
  const { memberStart, members } = membersOf(modeTensor.values, memberValues, count)
  const missing = attributes.integers('nodes_missing_value_tracks_true')
  return {
    predictor: checkedTrees({
      kind: 'trees',
      targets: attributes.integer('n_targets', 1),
      roots: Int32Array.from(attributes.integers('tree_roots') ?? []),
      feature: pad(new Int32Array(count).fill(-1), features),
      mode: pad(new Uint8Array(count), modeTensor.values),
      threshold: pad(isDouble ? new Float64Array(count) : new Float32Array(count), splits.values),
      yes: pad(
        new Int32Array(count).fill(-1),
        trues.map((id, i) => target(id, trueLeafs[i])),
      ),
      no: pad(
        new Int32Array(count).fill(-1),
        falses.map((id, i) => target(id, falseLeafs[i])),
      ),
      missingGoesYes: pad(new Uint8Array(count), missing?.length === branches ? missing : []),
      memberStart,
      members: typed(isDouble, members),
      leafStart: Int32Array.from({ length: count + 1 }, (_, i) => Math.max(0, i - branches)),
      leafTarget: Int32Array.from(targets),
      leafWeight: typed(weights.type === 'double', weights.values),
      // The standard has popularities of branches only; explanations need them of leaves as well.
      cover: undefined,
      aggregate:
        aggregates[attributes.integer('aggregate_function', 1)] ?? notCovered('an unknown aggregate'),
      base: new Float64Array(0),
    }),
    post: postTransforms[attributes.integer('post_transform', 0)] ?? notCovered('an unknown post transform'),
  }
}

/** The sets of the nodes that ask for one stand in order of the nodes, each ended by NaN. */
function membersOf(
  modeNumbers: Float64Array,
  values: Float64Array,
  count: number,
): { memberStart: Int32Array; members: number[] } {
  const memberStart = new Int32Array(count + 1)
  const members: number[] = []
  let next = 0
  for (let i = 0; i < count; i++) {
    memberStart[i] = members.length
    if (modeNumbers[i] !== memberMode) continue
    for (; next < values.length && !Number.isNaN(values[next]); next++) members.push(values[next] as number)
    next++
  }
  memberStart[count] = members.length
  return { memberStart, members }
}
