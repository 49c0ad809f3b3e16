import type { InferenceSession } from 'onnxruntime-node'
import { fail } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { bindableType, type BindableType } from './tensor-values.ts'

/** Where the values of a graph input come from. */
export interface InputBinding {
  readonly name: string
  readonly tensorType: BindableType
  /** Text inputs count through the text columns of a batch, all others through its numbers. */
  readonly source: 'number' | 'text' | 'datetime-as-text' | 'matrix'
  readonly column: number
  /** Dimensions after the first, which is that of the rows; of a matrix, the number of columns. */
  readonly shape: readonly number[]
}

export interface GraphBinding {
  readonly inputs: readonly InputBinding[]
  /** Names of the graph outputs to fetch, in the order of the signature. */
  readonly outputs: readonly string[]
  /** The graph takes exactly so many rows at a time; undefined when it takes any number. */
  readonly fixedRows: number | undefined
}

type Dimensions = readonly (number | string)[]

/**
 * Matches the graph's inputs and outputs to the signature, once, so that scoring only copies numbers. A graph has one
 * input per raw column, named like it, or a single matrix [rows, columns] in the signature's order, which is how most
 * converters write scikit-learn models.
 */
export function bindGraph(session: InferenceSession, signature: ModelSignature, label: string): GraphBinding {
  const fields = columnsOf(signature)
  const inputs = session.inputMetadata.map((input): InputBinding => {
    if (!input.isTensor) {
      return fail('invalid_input', `${label}: the graph input "${input.name}" is not a tensor.`, {
        hint: 'Sequences, maps and optional values cannot be sent; export the graph with one tensor for each.',
      })
    }
    const given = {
      name: input.name,
      tensorType: bindableType(input.type, { label, name: input.name }),
      label,
    }
    const field = fields.get(input.name)
    if (field !== undefined) return bindField(given, field, input.shape)
    if (session.inputMetadata.length === 1 && given.tensorType !== 'string' && input.shape.length === 2)
      return bindMatrix(given, signature, input.shape[1])
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
  return { inputs, outputs, fixedRows: fixedRows(session, label) }
}

/** Graphs that were exported for one batch size have its number where others have a name. */
function fixedRows({ inputMetadata }: InferenceSession, label: string): number | undefined {
  const first = inputMetadata.map((input) => (input.isTensor ? input.shape[0] : undefined))
  const sizes = new Set(first.filter((size): size is number => typeof size === 'number' && size > 0))
  if (sizes.size === 0) return undefined
  const [size] = sizes
  if (sizes.size === 1 && first.every((each) => each === size)) return size
  return fail('invalid_input', `${label}: its inputs have different numbers of rows.`, {
    hint: 'Export it with the first dimension free, such as [None, 4].',
  })
}

interface GraphInput {
  readonly name: string
  readonly tensorType: BindableType
  readonly label: string
}

interface FieldColumn {
  readonly type: ModelSignature['inputs'][number]['type']
  readonly required: boolean
  readonly shape: readonly number[] | undefined
  readonly column: number
}

function columnsOf(signature: ModelSignature): Map<string, FieldColumn> {
  let numbers = 0
  let texts = 0
  return new Map(
    signature.inputs.map(({ name, type, required, shape }) => [
      name,
      { type, required, shape, column: type === 'string' ? texts++ : numbers++ },
    ]),
  )
}

function bindField(given: GraphInput, field: FieldColumn, dimensions: Dimensions): InputBinding {
  const { name, tensorType, label } = given
  const text = field.type === 'string'
  if (text !== (tensorType === 'string') && field.type !== 'datetime') {
    fail(
      'invalid_input',
      `${label}: the graph wants "${name}" as ${tensorType}, but the signature says ${field.type}.`,
    )
  }
  refuseMissing(given, field.required)
  const source = text ? 'text' : tensorType === 'string' ? 'datetime-as-text' : 'number'
  return { name, tensorType, source, column: field.column, shape: rowShape(given, field.shape, dimensions) }
}

/** What one row has; a column alone may come as [N], [N, 1] or with more ones. */
function rowShape(
  { name, label }: GraphInput,
  shape: readonly number[] | undefined,
  dimensions: Dimensions,
): readonly number[] {
  const ofRow = dimensions.slice(1)
  if (dimensions.length === 0)
    return fail('invalid_input', `${label}: the graph input "${name}" is one value for all rows.`, {
      hint: 'Only inputs with a first dimension for the rows can be served; make it a constant of the graph.',
    })
  const wanted = shape ?? ofRow.map(() => 1)
  if (
    ofRow.length === wanted.length &&
    ofRow.every((size, i) => typeof size !== 'number' || size < 0 || size === wanted[i])
  )
    return wanted
  return fail(
    'invalid_input',
    `${label}: the graph takes [${dimensions.join(', ')}] for "${name}", but the signature says ${shape === undefined ? 'one value' : `[${shape.join(', ')}]`} a row.`,
  )
}

function bindMatrix(input: GraphInput, signature: ModelSignature, width: unknown): InputBinding {
  const odd = signature.inputs.find((field) => field.type === 'string' || field.shape !== undefined)
  if (odd !== undefined) {
    fail(
      'invalid_input',
      `${input.label}: the graph takes one matrix of numbers, but "${odd.name}" is ${odd.type === 'string' ? 'text' : 'more than one value'}.`,
    )
  }
  const columns = signature.inputs.length
  if (typeof width === 'number' && width > 0 && width !== columns) {
    fail('invalid_input', `${input.label}: the graph takes ${width} columns, the signature has ${columns}.`)
  }
  refuseMissing(
    input,
    signature.inputs.every((field) => field.required),
  )
  return { name: input.name, tensorType: input.tensorType, source: 'matrix', column: 0, shape: [columns] }
}

/** Whole-number and boolean tensors have no value that could stand for a missing one. */
function refuseMissing({ name, tensorType, label }: GraphInput, required: boolean): void {
  if (required || tensorType.startsWith('float') || tensorType === 'string') return
  fail(
    'invalid_input',
    `${label}: "${name}" may be missing by its signature, but the graph takes it as ${tensorType}.`,
    {
      hint: 'Mark the input as required, or export the model with a float input, where NaN means missing.',
    },
  )
}

function tensorOutputs(session: InferenceSession): string[] {
  return session.outputMetadata.filter((output) => output.isTensor).map((output) => output.name)
}
