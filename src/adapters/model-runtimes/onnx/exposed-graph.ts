import { fail } from '#contract/errors'
import type { ColumnType, ModelSignature } from '#lifecycle/tracking/contract'
import {
  decodeGraph,
  dimensionsOf,
  elementType,
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

/** By the number of a tensor's type in onnx.proto: its word for `value`, and its type in a signature. */
export const tensorTypes: ReadonlyMap<number, { readonly element: ElementType; readonly type: ColumnType }> =
  new Map(
    (
      [
        ['float', 'float'],
        ['float16', 'float'],
        ['double', 'double'],
        ['int64', 'long'],
        ['uint64', 'long'],
        ['uint32', 'long'],
        ['int32', 'integer'],
        ['int16', 'integer'],
        ['int8', 'integer'],
        ['uint16', 'integer'],
        ['uint8', 'integer'],
        ['bool', 'boolean'],
        ['string', 'string'],
      ] as const
    ).map(([element, type]) => [elementType[element], { element, type }]),
  )

export interface ExposedGraph {
  readonly onnx: Uint8Array
  readonly model: Model
  /** Nothing had to be done: the graph is served as it came. */
  readonly isUnchanged: boolean
  readonly outputs: ModelSignature['outputs']
  /** The outputs that the graph had, by their names there, and what they are called now. */
  readonly renamed: readonly (readonly [before: string, now: string])[]
  /** Outputs that are no tensors and have none behind them: nothing can hand them out. */
  readonly leftOut: readonly string[]
}

/**
 * Makes everything that another program's graph gives a tensor with a name that serving understands. The task is stated
 * nowhere, so everything stays, maps of classes become matrices, and names are given where the meaning is plain: a graph
 * with labels and the chances of two classes gives `probability` (of the second class) besides and calls the labels
 * `label`; one with a single number calls it `prediction`. Inputs stay: the runtime binds columns as well as one matrix.
 */
export function exposeOutputs(bytes: Uint8Array, label: string): ExposedGraph {
  return exposeModel(decodeGraph(bytes, label), label)
}

export function exposeModel(model: Model, label: string): ExposedGraph {
  const { graph } = model
  const given = graph.output.flatMap((output) => tensorsBehind(output, graph))
  if (given.length === 0) {
    fail('invalid_input', `${label}: none of its outputs is a tensor of numbers or text.`, {
      hint: 'Its outputs are sequences or maps. Export it so that it gives tensors.',
    })
  }
  const named = namesOf(given, graph)
  const before = new Set(given.map((one) => one.before))
  const nodes: Node[] = []
  const outputs: ValueInfo[] = []
  const flat = int64Tensor('adopted/flat', [1], [-1])
  for (const [index, { output, source, before: was, element, width, shape }] of given.entries()) {
    const name = named.names[index] as string
    if (width === 1 && (name !== was || output === undefined)) {
      nodes.push(node({ type: 'Reshape' }, { inputs: [source, 'adopted/flat'], outputs: [name] }))
    } else if (name !== source) {
      nodes.push(node({ type: 'Identity' }, { inputs: [source], outputs: [name] }))
    }
    const described = value(name, element, width === 1 ? ['N'] : ['N', ...(shape ?? [width ?? 'M'])])
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
  const unwrapped = new Set(graph.output.map(({ name }) => name))
  const exposed: Model = {
    ...model,
    graph: {
      ...graph,
      initializer: [
        ...graph.initializer,
        ...(nodes.some(({ opType }) => opType === 'Reshape') ? [flat] : []),
        ...(named.chances === undefined ? [] : [int64Tensor('adopted/second', [1], [1])]),
      ],
      node: [
        ...setAside(
          graph.node.filter(
            (one) => !(wrappers.has(one.opType) && one.output.every((name) => unwrapped.has(name))),
          ),
          new Set(outputs.map(({ name }) => name).filter((name) => !before.has(name))),
        ),
        ...nodes,
      ],
      output: outputs,
    },
  }
  const kept = given.map(({ type, shape }, index) => ({
    name: named.names[index] as string,
    type,
    ...(shape === undefined ? {} : { shape: [...shape] }),
  }))
  return {
    onnx: encodeModel(exposed),
    model: exposed,
    isUnchanged:
      nodes.length === 0 &&
      given.every(({ output }) => output !== undefined) &&
      given.length === graph.output.length,
    outputs: named.chances === undefined ? kept : [{ name: 'probability', type: 'float' }, ...kept],
    renamed: given.map(({ before }, index) => [before, named.names[index] as string]),
    leftOut: graph.output
      .filter((output) => tensorsBehind(output, graph).length === 0)
      .map(({ name }) => name),
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
  /** Of a row with several values, where the graph says all its dimensions. */
  readonly shape: readonly number[] | undefined
}

/** An output itself; the matrix in a map of classes; the tensors that a sequence or an optional value is made of. */
function tensorsBehind(output: ValueInfo, graph: Graph): Exposed[] {
  const found = tensorTypes.get(elementTypeOf(output) ?? 0)
  if (found !== undefined) {
    const [, ...ofRow] = dimensionsOf(output)
    const known = ofRow.filter((size) => size !== undefined)
    const isKnown = known.length === ofRow.length
    const width = isKnown ? known.reduce((product, size) => product * size, 1) : undefined
    const shape = isKnown && width !== 1 ? known : undefined
    return [{ output, before: output.name, source: output.name, ...found, width, shape }]
  }
  const maker = graph.node.find((one) => one.output.includes(output.name))
  const float = { type: 'float', element: 'float' } as const
  const named = { output: undefined, before: output.name }
  switch (maker?.opType) {
    case 'ZipMap': {
      const width = classCount(maker)
      const shape = width === undefined ? undefined : [width]
      return [{ ...named, source: maker.input[0] ?? '', ...float, width, shape }]
    }
    case 'SequenceConstruct':
    case 'Optional': {
      const several = maker.input.length > 1
      return maker.input.flatMap((source, i) => {
        const before = several ? `${output.name}_${i}` : output.name
        const inner = tensorOf(source, graph)
        return inner.map((tensor) => ({ ...tensor, ...named, before, source }))
      })
    }
    default:
      return []
  }
}

/** A tensor within the graph, where the graph says what it is: converters list the types of all. */
function tensorOf(name: string, graph: Graph): Exposed[] {
  const info = [...(graph.valueInfo ?? []), ...graph.input, ...graph.output].find((one) => one.name === name)
  return info === undefined || elementTypeOf(info) === undefined ? [] : tensorsBehind(info, graph)
}

/** Operators that put tensors into what cannot be handed out. */
const wrappers = new Set(['ZipMap', 'SequenceConstruct', 'Optional'])

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
  const count = Math.max(labels?.ints?.length ?? 0, labels?.strings?.length ?? 0)
  return count === 0 ? undefined : count
}
