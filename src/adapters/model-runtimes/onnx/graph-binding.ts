import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { fail } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/contract'

/** Where the values of a graph input come from. */
export interface InputBinding {
  readonly name: string
  readonly tensorType: BindableType
  /** Text inputs count through the text columns of a batch, all others through its numbers. */
  readonly source: 'number' | 'text' | 'datetime-as-text' | 'matrix'
  readonly column: number
}

export interface GraphBinding {
  readonly inputs: readonly InputBinding[]
  /** Names of the graph outputs to fetch, in the order of the signature. */
  readonly outputs: readonly string[]
}

const bindableTypes = ['float32', 'float64', 'int64', 'int32', 'bool', 'string'] as const
export type BindableType = (typeof bindableTypes)[number]

/**
 * Matches the graph's inputs and outputs to the signature, once, so that scoring only copies numbers. A graph has one
 * input per raw column, named like it, or a single matrix [rows, columns] in the signature's order, which is how most
 * converters write scikit-learn models.
 */
export function bindGraph(session: InferenceSession, signature: ModelSignature, label: string): GraphBinding {
  const fields = columnsOf(signature)
  const inputs = session.inputMetadata.map((input): InputBinding => {
    if (!input.isTensor)
      return fail('invalid_input', `${label}: the graph input "${input.name}" is not a tensor.`)
    const tensorType = bindableType(input.type, input.name, label)
    const field = fields.get(input.name)
    if (field !== undefined) return bindField({ name: input.name, tensorType, label }, field)
    if (session.inputMetadata.length === 1 && tensorType !== 'string' && input.shape.length === 2) {
      return bindMatrix({ name: input.name, tensorType, label }, signature, input.shape[1])
    }
    return fail(
      'invalid_input',
      `${label}: the graph wants an input "${input.name}" that the signature does not have.`,
      {
        hint: `The signature has ${signature.inputs.map((known) => known.name).join(', ')}.`,
      },
    )
  })
  const outputs = signature.outputs.map((output) => {
    const found = session.outputMetadata.find((candidate) => candidate.name === output.name)
    if (found?.isTensor === true) return output.name
    return fail(
      'invalid_input',
      found === undefined
        ? `${label}: the graph has no output "${output.name}", which its signature promises.`
        : `${label}: the output "${output.name}" is a sequence or map, which cannot be served.`,
      {
        hint: `Tensor outputs of the graph: ${tensorOutputs(session).join(', ')}. With skl2onnx, convert with zipmap=False.`,
      },
    )
  })
  return { inputs, outputs }
}

interface GraphInput {
  readonly name: string
  readonly tensorType: BindableType
  readonly label: string
}

interface FieldColumn {
  readonly type: ModelSignature['inputs'][number]['type']
  readonly required: boolean
  readonly column: number
}

function columnsOf(signature: ModelSignature): Map<string, FieldColumn> {
  let numbers = 0
  let texts = 0
  return new Map(
    signature.inputs.map((field) => [
      field.name,
      { type: field.type, required: field.required, column: field.type === 'string' ? texts++ : numbers++ },
    ]),
  )
}

function bindField({ name, tensorType, label }: GraphInput, field: FieldColumn): InputBinding {
  const text = field.type === 'string'
  if (text !== (tensorType === 'string') && field.type !== 'datetime') {
    fail(
      'invalid_input',
      `${label}: the graph wants "${name}" as ${tensorType}, but the signature says ${field.type}.`,
    )
  }
  refuseMissing({ name, tensorType, label }, field.required)
  const source = text ? 'text' : tensorType === 'string' ? 'datetime-as-text' : 'number'
  return { name, tensorType, source, column: field.column }
}

function bindMatrix(input: GraphInput, signature: ModelSignature, width: unknown): InputBinding {
  const text = signature.inputs.find((field) => field.type === 'string')
  if (text !== undefined) {
    fail(
      'invalid_input',
      `${input.label}: the graph takes one matrix of numbers, but "${text.name}" is text.`,
    )
  }
  if (typeof width === 'number' && width > 0 && width !== signature.inputs.length) {
    fail(
      'invalid_input',
      `${input.label}: the graph takes ${width} columns, the signature has ${signature.inputs.length}.`,
    )
  }
  refuseMissing(
    input,
    signature.inputs.every((field) => field.required),
  )
  return { name: input.name, tensorType: input.tensorType, source: 'matrix', column: 0 }
}

/** Whole-number and boolean tensors have no value that could stand for a missing one. */
function refuseMissing({ name, tensorType, label }: GraphInput, required: boolean): void {
  if (required || tensorType === 'float32' || tensorType === 'float64' || tensorType === 'string') return
  fail(
    'invalid_input',
    `${label}: "${name}" may be missing by its signature, but the graph takes it as ${tensorType}.`,
    {
      hint: 'Mark the input as required, or export the model with a float input, where NaN means missing.',
    },
  )
}

function bindableType(type: Tensor.Type, name: string, label: string): BindableType {
  const found = bindableTypes.find((known) => known === type)
  return (
    found ??
    fail(
      'invalid_input',
      `${label}: the graph input "${name}" is ${type}; supported: ${bindableTypes.join(', ')}.`,
    )
  )
}

function tensorOutputs(session: InferenceSession): string[] {
  return session.outputMetadata.filter((output) => output.isTensor).map((output) => output.name)
}
