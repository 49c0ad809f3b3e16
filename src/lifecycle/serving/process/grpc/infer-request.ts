import { fail } from '#contract/errors'
import {
  bytesOf,
  integerOf,
  readFields,
  readItems,
  textOf,
  type Field,
  type Integer,
  type Payload,
} from '#platform/protobuf'

/** `ModelInferRequest` of the Open Inference Protocol's grpc_service.proto. */
export interface InferMessage {
  readonly modelName: string
  readonly modelVersion: string
  readonly id: string
  readonly parameters: Parameters
  readonly inputs: readonly MessageTensor[]
  /** Names of the wanted outputs. */
  readonly outputs: readonly string[]
  /** The tensors came as raw bytes, and so does the answer. */
  readonly isRaw: boolean
}

export type Parameters = Readonly<Record<string, string | number | bigint | boolean>>

export interface MessageTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly parameters: Parameters
  /** Little-endian and row by row: a view into the message, not a copy. */
  readonly bytes: Uint8Array | undefined
  /** Typed contents, when there are no raw ones; of BYTES as bytes. */
  readonly values: readonly unknown[]
  /** Number of the field of InferTensorContents that they stood in. */
  readonly contentsTag: number | undefined
}

/** Fails with `invalid_input` for bytes that are not this message, and for one that has typed contents and raw ones. */
export function readInferRequest(message: Uint8Array): InferMessage {
  try {
    return readMessage(message)
  } catch (error) {
    if (error instanceof RangeError)
      return fail('invalid_input', `The message is not a ModelInferRequest: ${error.message}.`)
    throw error
  }
}

function readMessage(message: Uint8Array): InferMessage {
  let modelName = ''
  let modelVersion = ''
  let id = ''
  const parameters = emptyParameters()
  const inputs: OpenTensor[] = []
  const outputs: string[] = []
  const raw: Uint8Array[] = []
  readFields(message, (tag, payload) => {
    if (tag === 1) modelName = textOf(payload)
    else if (tag === 2) modelVersion = textOf(payload)
    else if (tag === 3) id = textOf(payload)
    else if (tag === 4) readParameter(parameters, payload)
    else if (tag === 5) inputs.push(readTensor(bytesOf(payload)))
    else if (tag === 6) outputs.push(readOutputName(bytesOf(payload)))
    else if (tag === 7) raw.push(bytesOf(payload))
  })
  attachRaw(inputs, raw)
  return { modelName, modelVersion, id, parameters, inputs, outputs, isRaw: raw.length > 0 }
}

function attachRaw(inputs: readonly OpenTensor[], raw: readonly Uint8Array[]): void {
  if (raw.length === 0) return
  if (raw.length !== inputs.length) {
    fail(
      'invalid_input',
      `raw_input_contents has ${raw.length} entries for ${inputs.length} inputs; one for each is expected.`,
      { at: 'raw_input_contents' },
    )
  }
  inputs.forEach((tensor, index) => {
    if (tensor.contentsTag !== undefined) {
      const at = `inputs[${index}].contents`
      fail('invalid_input', `${at} is set beside raw_input_contents; a request has one or the other.`, { at })
    }
    tensor.bytes = raw[index]
  })
}

interface OpenTensor extends MessageTensor {
  bytes: Uint8Array | undefined
}

function readTensor(message: Uint8Array): OpenTensor {
  let name = ''
  let datatype = ''
  const shape: Integer[] = []
  const parameters = emptyParameters()
  const values: unknown[] = []
  let contentsTag: number | undefined
  readFields(message, (tag, payload) => {
    if (tag === 1) name = textOf(payload)
    else if (tag === 2) datatype = textOf(payload)
    else if (tag === 3) readItems('integer', payload, shape)
    else if (tag === 4) readParameter(parameters, payload)
    else if (tag === 5) contentsTag = readContents(bytesOf(payload), values)
  })
  return {
    name,
    datatype,
    // A dimension beyond 2^53 becomes one that no reader of shapes takes.
    shape: shape.map(Number),
    parameters,
    bytes: undefined,
    values,
    contentsTag,
  }
}

/** `InferTensorContents`: which field holds which values. */
const contents: readonly (Field['kind'] | undefined)[] = [
  undefined,
  'integer',
  'integer',
  'integer',
  'integer',
  'integer',
  'float',
  'double',
  'bytes',
]

function readContents(message: Uint8Array, values: unknown[]): number | undefined {
  let seen: number | undefined
  readFields(message, (tag, payload) => {
    const kind = contents[tag]
    if (kind === undefined) return
    if (seen !== undefined && seen !== tag)
      fail('invalid_input', 'The contents of a tensor hold values of two types.', { at: 'contents' })
    seen = tag
    const from = values.length
    readItems(kind, payload, values)
    if (tag === 1) for (let index = from; index < values.length; index++) values[index] = values[index] !== 0
    if (tag === 5) {
      for (let index = from; index < values.length; index++)
        values[index] = unsigned(values[index] as Integer)
    }
  })
  return seen
}

/** Varints are read as signed. */
function unsigned(value: Integer): Integer {
  return value < 0 ? BigInt.asUintN(64, BigInt(value)) : value
}

function readOutputName(message: Uint8Array): string {
  let name = ''
  readFields(message, (tag, payload) => {
    if (tag === 1) name = textOf(payload)
  })
  return name
}

type OpenParameters = Record<string, string | number | bigint | boolean>

/** Without a prototype, so that a parameter may have any name. */
function emptyParameters(): OpenParameters {
  return Object.create(null) as OpenParameters
}

/** One entry of a map<string, InferParameter>. */
function readParameter(parameters: OpenParameters, entry: Payload): void {
  let key = ''
  let value: string | number | bigint | boolean | undefined
  readFields(bytesOf(entry), (tag, payload) => {
    if (tag === 1) key = textOf(payload)
    else if (tag === 2) value = readChoice(bytesOf(payload))
  })
  if (value !== undefined) parameters[key] = value
}

function readChoice(message: Uint8Array): string | number | bigint | boolean | undefined {
  let value: string | number | bigint | boolean | undefined
  readFields(message, (tag, payload) => {
    if (tag === 1) value = integerOf(payload) !== 0
    else if (tag === 2) value = integerOf(payload)
    else if (tag === 3) value = textOf(payload)
    else if (tag === 4) {
      const numbers: number[] = []
      readItems('double', payload, numbers)
      value = numbers.at(-1)
    } else if (tag === 5) value = unsigned(integerOf(payload))
  })
  return value
}
