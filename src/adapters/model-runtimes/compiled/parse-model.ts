import type { ModelSignature } from '#lifecycle/tracking/contract'
import {
  elementType,
  elementTypeOf,
  type Graph,
  type Model,
  type ValueInfo,
  dimensionsOf,
} from '#platform/onnx/index'
import { notCovered, NotCovered } from './node-reading.ts'
import type { ParsedInput, ParsedModel, SlotType, Step } from './parsed-model.ts'
import { columnReaders } from './read-columns.ts'
import { encoderReaders } from './read-encoders.ts'
import { predictorReaders } from './read-predictors.ts'
import { scoreOutputs } from './score-outputs.ts'
import { fieldPlaces, ProgramWriter, type RowsWire, type Wire } from './wires.ts'

export type ParseResult =
  | { readonly model: ParsedModel }
  /** Why the graph is left to onnxruntime. */
  | { readonly model: undefined; readonly reason: string }

/** Reads a graph whose inputs are the signature's columns, or one matrix of them in the signature's order. */
export function parseModel(onnx: Model, signature: ModelSignature): ParseResult {
  try {
    return { model: read(onnx.graph, signature) }
  } catch (error) {
    if (error instanceof NotCovered) return { model: undefined, reason: error.message }
    throw error
  }
}

const sum = 'Sum'

function read(graph: Graph, signature: ModelSignature): ParsedModel {
  const named = graph.node.filter(({ opType }) => opType !== sum && opType in predictorReaders)
  const sums = graph.node.filter(({ opType }) => opType === sum)
  // A sum is the predictor only where nothing else is: features may be sums, too.
  const [predictorNode, second] = named.length === 0 ? sums : named
  if (predictorNode === undefined) return notCovered('neither trees nor a linear form')
  if (second !== undefined) return notCovered('more than one predictor')

  const writer = new ProgramWriter(graph)
  const inputs = readInputs(graph, signature, writer)
  let predictorStep = -1
  let classes: readonly (string | number)[] | undefined
  for (const node of graph.node) {
    const call = writer.call(node)
    if (node === predictorNode) {
      const before = writer.steps.length
      const read = predictorReaders[node.opType]?.(call)
      classes = read?.classes
      predictorStep = writer.steps.findIndex(
        ({ kind }, i) => i >= before && (kind === 'trees' || kind === 'linear'),
      )
      for (const [i, wire] of (read?.outputs ?? []).entries()) writer.wires.set(node.output[i] ?? '', wire)
      continue
    }
    const reader = columnReaders[node.opType] ?? encoderReaders[node.opType]
    if (reader === undefined) return notCovered(`the operator ${node.opType}`)
    writer.wires.set(node.output[0] ?? '', reader(call))
  }

  const step = writer.steps[predictorStep] as Extract<Step, { kind: 'trees' | 'linear' }>
  const outputs = signature.outputs.map(({ name }) => {
    const wire = writer.wires.get(name)
    if (wire?.kind !== 'rows') return notCovered(`the output "${name}" does not depend on the rows`)
    return { name, slot: wire.slot }
  })
  const { slots, steps, loads } = writer
  return {
    inputs,
    columns: writer.columnsOf(step.from),
    predictor: step.predictor,
    classes,
    scores: scoreOutputs({ slots, steps, outputs }),
    program: { slots, steps, loads, matrix: step.from, predictorStep, outputs },
  }
}

const slotTypes: Readonly<Record<number, SlotType>> = {
  [elementType.float]: 'float',
  [elementType.double]: 'double',
  [elementType.int64]: 'long',
  [elementType.int32]: 'long',
  [elementType.bool]: 'boolean',
  [elementType.string]: 'text',
}

function readInputs(graph: Graph, signature: ModelSignature, writer: ProgramWriter): ParsedInput[] {
  const places = fieldPlaces(signature)
  const constants = new Set(graph.initializer.map(({ name }) => name))
  const tensors = graph.input.filter(({ name }) => !constants.has(name))
  const inputs: ParsedInput[] = []
  for (const tensor of tensors) {
    const type = slotTypes[elementTypeOf(tensor) ?? 0] ?? notCovered(`an input of another type`)
    const names = places.has(tensor.name) ? [tensor.name] : matrixNames(tensor, { type, tensors, signature })
    const first = inputs.length
    for (const name of names) {
      const place = places.get(name)
      const kind = type === 'text' ? 'text' : 'number'
      if (place?.kind !== kind) return notCovered(`"${name}" is not of the type that its input has`)
      inputs.push({ name, kind, field: place.field })
    }
    const rank = dimensionsOf(tensor).length
    if (rank !== 2 && !(rank === 1 && names.length === 1)) notCovered(`an input of ${rank} dimensions`)
    const wire: RowsWire = {
      kind: 'rows',
      slot: writer.slot(type, names.length),
      type,
      rank: rank === 1 ? 1 : 2,
      columns: names.map((name, i) => ({ name, inputs: [first + i] })),
    }
    writer.load(
      wire,
      names.map((name) => places.get(name)?.place ?? 0),
    )
    writer.wires.set(tensor.name, wire satisfies Wire)
  }
  return inputs
}

function matrixNames(
  tensor: ValueInfo,
  { type, tensors, signature }: { type: SlotType; tensors: readonly ValueInfo[]; signature: ModelSignature },
): string[] {
  if (tensors.length !== 1 || type === 'text')
    notCovered(`an input "${tensor.name}" that the signature lacks`)
  return signature.inputs.map(({ name }) => name)
}
