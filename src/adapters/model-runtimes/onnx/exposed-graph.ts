import { fail } from '#contract/errors'
import type { ColumnType, ModelSignature } from '#lifecycle/tracking/contract'
import {
  decodeGraph,
  dimensionsOf,
  elementTypeOf,
  encodeModel,
  int64Tensor,
  integer,
  node,
  value,
  type ElementType,
  type Graph,
  type Model,
  type Node,
  type ValueInfo,
} from '#platform/onnx/index'

/** Numbers from onnx.proto, TensorProto.DataType: the word for `value`, and the type of a signature. */
const elements: Readonly<Record<number, { element: ElementType; type: ColumnType }>> = {
  1: { element: 'float', type: 'float' },
  6: { element: 'int32', type: 'integer' },
  7: { element: 'int64', type: 'long' },
  8: { element: 'string', type: 'string' },
  9: { element: 'bool', type: 'boolean' },
  11: { element: 'double', type: 'double' },
}

export interface ExposedGraph {
  readonly onnx: Uint8Array
  readonly outputs: ModelSignature['outputs']
  /** The outputs that the graph had, by their names there, and what they are called now. */
  readonly renamed: readonly (readonly [before: string, now: string])[]
}

/**
 * Makes everything that another program's graph gives a tensor with a name that serving understands. The task is stated
 * nowhere, so everything stays, maps of classes become matrices, and names are given where the meaning is plain: a graph
 * with labels and the chances of two classes gives `probability` (of the second class) besides and calls the labels
 * `label`; one with a single number calls it `prediction`. Inputs stay: the runtime binds columns as well as one matrix.
 */
export function exposeOutputs(bytes: Uint8Array, label: string): ExposedGraph {
  const model = decodeGraph(bytes, label)
  const { graph } = model
  const given = graph.output.flatMap((output): Exposed[] => {
    const zipMap = graph.node.find((one) => one.opType === 'ZipMap' && one.output.includes(output.name))
    if (zipMap !== undefined) {
      const source = zipMap.input[0] ?? ''
      const width = classCount(zipMap)
      return [{ output: undefined, before: output.name, source, type: 'float', element: 'float', width }]
    }
    const found = elements[elementTypeOf(output) ?? 0]
    const dimensions = dimensionsOf(output)
    const width = dimensions.length > 1 ? dimensions.at(-1) : 1
    return found === undefined ? [] : [{ output, before: output.name, source: output.name, ...found, width }]
  })
  if (given.length === 0) {
    fail('invalid_input', `${label}: none of its outputs is a tensor of numbers or text.`)
  }
  const named = namesOf(given, graph)
  const before = new Set(given.map((one) => one.before))
  const nodes: Node[] = []
  const outputs: ValueInfo[] = []
  const flat = int64Tensor('adopted/flat', [1], [-1])
  for (const [index, { output, source, before: was, element, width }] of given.entries()) {
    const name = named.names[index] as string
    if (width === 1 && name !== was) {
      nodes.push(node({ type: 'Reshape' }, { inputs: [source, 'adopted/flat'], outputs: [name] }))
    } else if (name !== source) {
      nodes.push(node({ type: 'Identity' }, { inputs: [source], outputs: [name] }))
    }
    const described = value(name, element, width === 1 ? ['N'] : ['N', width ?? 'M'])
    outputs.push(output !== undefined && name === was ? output : described)
  }
  if (named.chances !== undefined) {
    nodes.push(
      node(
        { type: 'Gather' },
        { inputs: [named.chances, 'adopted/second'], outputs: ['adopted/column'] },
        { axis: integer(1) },
      ),
      node({ type: 'Reshape' }, { inputs: ['adopted/column', 'adopted/flat'], outputs: ['probability'] }),
    )
    outputs.unshift(value('probability', 'float', ['N']))
  }
  const exposed: Model = {
    ...model,
    graph: {
      ...graph,
      initializer: [...graph.initializer, flat, int64Tensor('adopted/second', [1], [1])],
      node: [
        ...setAside(
          graph.node.filter(({ opType }) => opType !== 'ZipMap'),
          new Set(outputs.map(({ name }) => name).filter((name) => !before.has(name))),
        ),
        ...nodes,
      ],
      output: outputs,
    },
  }
  const kept = given.map(({ type }, index) => ({ name: named.names[index] as string, type }))
  return {
    onnx: encodeModel(exposed),
    outputs: named.chances === undefined ? kept : [{ name: 'probability', type: 'float' }, ...kept],
    renamed: given.map(({ before }, index) => [before, named.names[index] as string]),
  }
}

interface Exposed {
  /** As the graph describes it; undefined for a map. */
  readonly output: ValueInfo | undefined
  readonly before: string
  /** The tensor that holds it; of a map, the matrix within. */
  readonly source: string
  readonly type: ColumnType
  readonly element: ElementType
  /** Values per row; undefined when the graph does not say. */
  readonly width: number | undefined
}

/** Operators with graphs of their own inside, which may use any name. */
const nested = new Set(['If', 'Loop', 'Scan'])

function namesOf(
  given: readonly Exposed[],
  graph: Graph,
): { names: readonly string[]; chances: string | undefined } {
  const before = given.map((one) => one.before)
  const asGiven = { names: before, chances: undefined }
  const [only] = given
  const fixed = new Set([...graph.input, ...graph.initializer].map(({ name }) => name))
  const isFree = (name: string): boolean =>
    !fixed.has(name) && !before.includes(name) && !graph.node.some(({ opType }) => nested.has(opType))
  const isNumber = only?.element === 'float' || only?.element === 'double'
  if (given.length === 1 && isNumber && only.width === 1)
    return isFree('prediction') ? { names: ['prediction'], chances: undefined } : asGiven
  const labels = given.filter(
    ({ element, width }) => (element === 'int64' || element === 'string') && width === 1,
  )
  const chances = given.filter(({ element, width }) => element === 'float' && width === 2)
  if (labels.length !== 1 || chances.length !== 1 || !isFree('probability')) return asGiven
  return {
    names: before.map((name) => (isFree('label') && name === labels[0]?.before ? 'label' : name)),
    chances: chances[0]?.source,
  }
}

/** Gives tensors within the graph other names, where theirs are wanted for outputs. */
function setAside(nodes: readonly Node[], wanted: ReadonlySet<string>): Node[] {
  const rename = (name: string): string => (wanted.has(name) ? `adopted/${name}` : name)
  return nodes.map((one) => ({ ...one, input: one.input.map(rename), output: one.output.map(rename) }))
}

function classCount({ attribute }: Node): number | undefined {
  const labels = attribute.find(({ name }) => name.startsWith('classlabels_'))
  const count = labels?.ints?.length ?? labels?.strings?.length ?? 0
  return count === 0 ? undefined : count
}
