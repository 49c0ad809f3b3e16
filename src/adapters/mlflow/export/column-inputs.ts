import { fail } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/index'
import {
  decodeGraph,
  elementTypeOf,
  encodeModel,
  int64Tensor,
  integer,
  node,
  value,
  type ElementType,
  type Node,
} from '#platform/onnx/index'

const shapeName = 'devmlops/column'
const floatNumber = 1
const stringNumber = 8

/** What a column of a data frame arrives as; a double is made a float before the graph sees it. */
const arrivesAs: Readonly<Record<ModelSignature['inputs'][number]['type'], ElementType>> = {
  boolean: 'bool',
  integer: 'int32',
  long: 'int64',
  float: 'float',
  double: 'float',
  string: 'string',
  datetime: 'string',
}

/**
 * The graph with inputs as MLflow's `onnx` flavour feeds them. It hands over every column of a data frame as [N] in the
 * type of the signature, and the only column of a frame as [N,1]; a graph on raw columns takes [N,1] of floats or text. So
 * each input gets a cast, where the type differs, and a reshape in front.
 */
export function takeFrameColumns(onnx: Uint8Array, signature: ModelSignature): Uint8Array {
  const model = decodeGraph(onnx, 'the model')
  const { graph } = model
  // What is inside of these may name inputs, and is not rewritten.
  const nested = graph.node.find(({ opType }) => ['If', 'Loop', 'Scan'].includes(opType))
  if (nested !== undefined) {
    fail('conflict', `The graph has the operator ${nested.opType}, with a graph in it.`, {
      hint: 'Export the run instead: its artifacts have the graph as it is.',
    })
  }
  const types = new Map(signature.inputs.map(({ name, type }) => [name, type]))
  const shape = graph.input.length === 1 ? ['N', 1] : ['N']
  const inner = new Map<string, string>()
  const front: Node[] = []
  const inputs = graph.input.map((input) => {
    const { name } = input
    const wanted = elementTypeOf(input)
    const type = types.get(name) ?? fail('conflict', `The signature does not have the input "${name}".`)
    const arriving = wanted === stringNumber ? 'string' : arrivesAs[type]
    const renamed = `devmlops/${name}`
    inner.set(name, renamed)
    let wire = name
    if (wanted === floatNumber && arriving !== 'float') {
      wire = `${renamed}/float`
      front.push(node({ type: 'Cast' }, { inputs: [name], outputs: [wire] }, { to: integer(floatNumber) }))
    }
    front.push(node({ type: 'Reshape' }, { inputs: [wire, shapeName], outputs: [renamed] }))
    return value(name, arriving, shape)
  })
  return encodeModel({
    ...model,
    graph: {
      ...graph,
      input: inputs,
      initializer: [...graph.initializer, int64Tensor(shapeName, [2], [-1, 1])],
      node: [
        ...front,
        ...graph.node.map((one) => ({ ...one, input: one.input.map((name) => inner.get(name) ?? name) })),
      ],
    },
  })
}
