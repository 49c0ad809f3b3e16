import { fail } from '#contract/errors'
import type { ColumnType, ModelSignature } from '#lifecycle/tracking/index'
import {
  decodeGraph,
  dimensionsOf,
  elementTypeOf,
  encodeModel,
  int64Tensor,
  integer,
  node,
  value,
  type Graph,
  type Model,
  type Node,
  type Tensor,
  type ValueInfo,
} from '#platform/onnx/index'
import type { Task } from './trainer-point.ts'

/** Numbers from onnx.proto, TensorProto.DataType, and what they are called in a signature. */
const columnTypeOf: Readonly<Record<number, ColumnType>> = {
  1: 'double',
  6: 'integer',
  7: 'long',
  8: 'string',
  9: 'boolean',
  11: 'double',
}
const floatType = 1
const int64Type = 7

export interface AdoptedGraph {
  readonly onnx: Uint8Array
  readonly signature: ModelSignature
}

/**
 * Brings a graph that another program made into the form of every model here: one input per raw column, and `probability`
 * (of the second class) or `prediction` as output. scikit-learn's converter, for one, gives both classes' probabilities, or
 * wraps them in a ZipMap, which onnxruntime cannot hand to JavaScript.
 *
 * @throws unreadable_data when it is no ONNX file, invalid_input when no score can be found in it
 */
export function adoptGraph(bytes: Uint8Array, { task, label }: { task: Task; label: string }): AdoptedGraph {
  const model = decodeGraph(bytes, label)
  const { graph } = model
  const inputs = inputsOf(graph, label)
  const head = task === 'binary' ? binaryHead(graph, label) : regressionHead(graph, label)
  const adopted: Model = {
    ...model,
    graph: {
      ...graph,
      initializer: [...graph.initializer, ...head.initializers],
      node: [...graph.node.filter(({ opType }) => opType !== 'ZipMap'), ...head.nodes],
      output: head.outputs,
    },
  }
  const outputs = head.outputs.map((output) => ({
    name: output.name,
    type: elementTypeOf(output) === int64Type ? ('long' as const) : ('float' as const),
  }))
  return { onnx: encodeModel(adopted), signature: { inputs, outputs } }
}

function inputsOf(graph: Graph, label: string): ModelSignature['inputs'] {
  const constants = new Set(graph.initializer.map(({ name }) => name))
  return graph.input
    .filter(({ name }) => !constants.has(name))
    .map((input) => {
      const type = columnTypeOf[elementTypeOf(input) ?? 0]
      const width = dimensionsOf(input).at(-1)
      if (type !== undefined && (width === 1 || dimensionsOf(input).length === 1)) {
        return { name: input.name, type, required: true }
      }
      return fail(
        'invalid_input',
        `${label}: its input "${input.name}" is not one column of numbers or text.`,
        {
          hint: 'Export it with one input per column, named as the column, each of the shape [None, 1].',
        },
      )
    })
}

interface Head {
  readonly initializers: readonly Tensor[]
  readonly nodes: readonly Node[]
  readonly outputs: readonly ValueInfo[]
}

function binaryHead(graph: Graph, label: string): Head {
  const labels = graph.output.filter((output) => elementTypeOf(output) === int64Type)
  if (graph.output.some(({ name }) => name === 'probability')) {
    const kept = graph.output.filter(({ name }) => name === 'probability')
    return { initializers: [], nodes: [], outputs: [...kept, ...labels] }
  }
  const zipMap = graph.node.find(({ opType }) => opType === 'ZipMap')
  const both = graph.output.find(
    (output) => elementTypeOf(output) === floatType && dimensionsOf(output).at(-1) === 2,
  )
  const source = zipMap?.input[0] ?? both?.name
  if (source === undefined) {
    return fail('invalid_input', `${label}: none of its outputs is a probability.`, {
      hint: 'A binary model gives `probability` [N], or the probabilities of both classes [N, 2].',
    })
  }
  return {
    initializers: [int64Tensor('adopted/second', [1], [1]), int64Tensor('adopted/flat', [1], [-1])],
    nodes: [
      node(
        { type: 'Gather' },
        { inputs: [source, 'adopted/second'], outputs: ['adopted/column'] },
        { axis: integer(1) },
      ),
      node({ type: 'Reshape' }, { inputs: ['adopted/column', 'adopted/flat'], outputs: ['probability'] }),
    ],
    outputs: [value('probability', 'float', ['N']), ...labels.slice(0, 1)],
  }
}

function regressionHead(graph: Graph, label: string): Head {
  const output = graph.output.find((candidate) => elementTypeOf(candidate) === floatType)
  if (output === undefined) return fail('invalid_input', `${label}: none of its outputs is a number.`)
  if (output.name === 'prediction') return { initializers: [], nodes: [], outputs: [output] }
  return {
    initializers: [int64Tensor('adopted/flat', [1], [-1])],
    nodes: [node({ type: 'Reshape' }, { inputs: [output.name, 'adopted/flat'], outputs: ['prediction'] })],
    outputs: [value('prediction', 'float', ['N'])],
  }
}
