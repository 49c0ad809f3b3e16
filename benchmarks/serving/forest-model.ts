import {
  floats,
  floatTensor,
  int64Tensor,
  integer,
  integers,
  node,
  strings,
  value,
  encodeModel,
} from '#platform/onnx/index'
import { createRandom } from '#platform/random'

export interface ForestShape {
  readonly trees: number
  readonly depth: number
  readonly features: number
}

/** A random forest as skl2onnx would write one: a matrix in, a probability and a label out. What it predicts means nothing. */
export function forestModel({ trees, depth, features }: ForestShape): Uint8Array {
  const random = createRandom(7)
  const inner = 2 ** depth - 1
  const total = 2 ** (depth + 1) - 1
  const nodes = Array.from({ length: trees * total }, (_, index) => ({
    tree: Math.floor(index / total),
    id: index % total,
    leaf: index % total >= inner,
  }))
  const leaves = nodes.filter((entry) => entry.leaf)
  const pick = (numbers: (entry: (typeof nodes)[number]) => number): number[] => nodes.map(numbers)
  return encodeModel({
    irVersion: 8,
    producerName: 'benchmark',
    opsetImport: [{ version: 17 }, { domain: 'ai.onnx.ml', version: 3 }],
    metadataProps: [],
    graph: {
      name: 'forest',
      docString: '',
      node: [
        node(
          { type: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml' },
          { inputs: ['input'], outputs: ['column'] },
          {
            n_targets: integer(1),
            nodes_treeids: integers(pick((entry) => entry.tree)),
            nodes_nodeids: integers(pick((entry) => entry.id)),
            nodes_featureids: integers(pick(() => random.below(features))),
            nodes_values: floats(pick(() => random.uniform())),
            nodes_modes: strings(nodes.map((entry) => (entry.leaf ? 'LEAF' : 'BRANCH_LEQ'))),
            nodes_truenodeids: integers(pick((entry) => (entry.leaf ? 0 : entry.id * 2 + 1))),
            nodes_falsenodeids: integers(pick((entry) => (entry.leaf ? 0 : entry.id * 2 + 2))),
            target_treeids: integers(leaves.map((entry) => entry.tree)),
            target_nodeids: integers(leaves.map((entry) => entry.id)),
            target_ids: integers(leaves.map(() => 0)),
            target_weights: floats(leaves.map(() => random.uniform() / trees)),
            base_values: floats([0]),
          },
        ),
        node({ type: 'Reshape' }, { inputs: ['column', 'flat'], outputs: ['probability'] }),
        node({ type: 'GreaterOrEqual' }, { inputs: ['probability', 'half'], outputs: ['late'] }),
        node({ type: 'Cast' }, { inputs: ['late'], outputs: ['label'] }, { to: integer(7) }),
      ],
      initializer: [floatTensor('half', [1], [0.5]), int64Tensor('flat', [1], [-1])],
      input: [value('input', 'float', ['N', features])],
      output: [value('probability', 'float', ['N']), value('label', 'int64', ['N'])],
    },
  })
}

/** Of the forest that servers are measured with, whichever of the two it is. */
export const forestSignature = {
  inputs: Array.from({ length: 20 }, (_, index) => ({
    name: `f${index}`,
    type: 'float' as const,
    required: true,
  })),
  outputs: [
    { name: 'probability', type: 'float' as const },
    { name: 'label', type: 'long' as const },
  ],
}
