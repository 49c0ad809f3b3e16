import { fail } from '#contract/errors'
import { encodeModel, floatTensor, int64Tensor, integer, node, value } from '#platform/onnx/index'
import type { ModelSignature } from '#lifecycle/tracking/index'
import type { ModelPreparation } from './model-preparation.ts'
import type { RawFeature, ScoreGraph, Task } from './trainer-point.ts'

export interface ModelParts {
  readonly task: Task
  readonly features: readonly RawFeature[]
  readonly graph: ScoreGraph
  readonly preparation?: ModelPreparation | undefined
  /** Written into the model's metadata, such as `trainer` and `version`. */
  readonly properties: Readonly<Record<string, string>>
}

const outputsOf: Record<Task, ModelSignature['outputs']> = {
  binary: [
    { name: 'probability', type: 'float' },
    { name: 'label', type: 'long' },
  ],
  regression: [{ name: 'prediction', type: 'float' }],
}

/** The oldest in which every operator used exists: TreeEnsemble came with 5 (onnxruntime 1.20). */
const opsetImport: readonly { readonly domain?: string; readonly version: number }[] = [
  { version: 17 },
  { domain: 'ai.onnx.ml', version: 5 },
]
const irVersion = 10

export function signatureOf(task: Task, inputs: ModelSignature['inputs']): ModelSignature {
  const outputs = outputsOf[task]
  for (const { name } of inputs)
    if (outputs.some((output) => output.name === name))
      fail('invalid_input', `A feature cannot be called "${name}": the model's output has that name.`, {
        hint: 'Rename the column in the step that makes the table.',
        at: name,
      })
  return { inputs, outputs: [...outputs] }
}

/** Puts the trainer's nodes between the raw columns and the outputs that every model of this task has. */
export function buildModel({ task, features, graph, preparation, properties }: ModelParts): Uint8Array {
  const head = task === 'binary' ? binaryHead(graph.score) : regressionHead(graph.score)
  return encodeModel({
    irVersion,
    producerName: 'devmlops',
    opsetImport: operatorSets(preparation),
    metadataProps: Object.entries(properties).map(([key, text]) => ({ key, value: text })),
    graph: {
      name: 'model',
      input: graphInputs(features, preparation),
      initializer: [
        ...(preparation?.initializers ?? []),
        ...graph.initializers,
        int64Tensor('internal/flat', [1], [-1]),
        ...head.initializers,
      ],
      node: [...(preparation?.nodes ?? []), ...graph.nodes, ...head.nodes],
      output: head.outputs,
    },
  })
}

/** Columns that features are computed from come in as doubles: a time in milliseconds does not fit into a float. */
function graphInputs(features: readonly RawFeature[], preparation: ModelPreparation | undefined) {
  const computed = preparation?.inputs ?? []
  const plain = features.filter(
    ({ name }) => preparation?.wires[name] === undefined && !computed.some((input) => input.name === name),
  )
  return [
    ...plain.map(({ name, raw }) => value(name, raw === 'text' ? 'string' : 'float', ['N', 1])),
    ...computed.map(({ name, kind }) => value(name, kind === 'text' ? 'string' : 'double', ['N', 1])),
  ]
}

function operatorSets(preparation: ModelPreparation | undefined) {
  const extra = preparation?.operatorSets ?? []
  return [
    ...opsetImport.map((set) => extra.find(({ domain }) => domain === set.domain) ?? set),
    ...extra.filter(({ domain }) => !opsetImport.some((set) => set.domain === domain)),
  ]
}

function regressionHead(score: string) {
  return {
    initializers: [],
    nodes: [node({ type: 'Reshape' }, { inputs: [score, 'internal/flat'], outputs: ['prediction'] })],
    outputs: [value('prediction', 'float', ['N'])],
  }
}

function binaryHead(score: string) {
  return {
    initializers: [floatTensor('internal/half', [], [0.5])],
    nodes: [
      node({ type: 'Reshape' }, { inputs: [score, 'internal/flat'], outputs: ['probability'] }),
      node(
        { type: 'GreaterOrEqual' },
        { inputs: ['probability', 'internal/half'], outputs: ['internal/is_positive'] },
      ),
      node({ type: 'Cast' }, { inputs: ['internal/is_positive'], outputs: ['label'] }, { to: integer(7) }),
    ],
    outputs: [value('probability', 'float', ['N']), value('label', 'int64', ['N'])],
  }
}
