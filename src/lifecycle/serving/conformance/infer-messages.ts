import {
  decodeMessage,
  encodeMessage,
  many,
  one,
  type Integer,
  type Message,
  type Schema,
} from '#platform/protobuf'

/** The two large messages of grpc_service.proto, from the client's side. */
export interface InferTensorMessage {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly Integer[]
  readonly contents?: TensorContents
}

/** One list per kind of value, in the names of the specification. */
export interface TensorContents {
  readonly bool_contents?: readonly Integer[]
  readonly int_contents?: readonly Integer[]
  readonly int64_contents?: readonly Integer[]
  readonly uint_contents?: readonly Integer[]
  readonly uint64_contents?: readonly Integer[]
  readonly fp32_contents?: readonly number[]
  readonly fp64_contents?: readonly number[]
  readonly bytes_contents?: readonly Uint8Array[]
}

export interface InferRequestMessage {
  readonly modelName: string
  readonly modelVersion?: string
  readonly id?: string
  readonly parameters?: readonly ParameterEntry[]
  readonly inputs: readonly InferTensorMessage[]
  readonly outputs?: readonly { readonly name: string }[]
  readonly rawInputs?: readonly Uint8Array[]
}

export interface ParameterEntry {
  readonly key: string
  readonly value: {
    readonly bool_param?: Integer
    readonly int64_param?: Integer
    readonly string_param?: string
    readonly double_param?: number
    readonly uint64_param?: Integer
  }
}

export interface InferResponseMessage {
  readonly modelName?: string
  readonly modelVersion?: string
  readonly id?: string
  readonly parameters: readonly ParameterEntry[]
  readonly outputs: readonly InferTensorMessage[]
  readonly rawOutputs: readonly Uint8Array[]
}

const choice: Schema = {
  bool_param: one(1, 'integer'),
  int64_param: one(2, 'integer'),
  string_param: one(3, 'string'),
  double_param: one(4, 'double'),
  uint64_param: one(5, 'integer'),
}
const parameter: Schema = { key: one(1, 'string'), value: one(2, () => choice) }
const contents: Schema = {
  bool_contents: many(1, 'integer'),
  int_contents: many(2, 'integer'),
  int64_contents: many(3, 'integer'),
  uint_contents: many(4, 'integer'),
  uint64_contents: many(5, 'integer'),
  fp32_contents: many(6, 'float'),
  fp64_contents: many(7, 'double'),
  bytes_contents: many(8, 'bytes'),
}
const tensor: Schema = {
  name: one(1, 'string'),
  datatype: one(2, 'string'),
  shape: many(3, 'integer'),
  parameters: many(4, () => parameter),
  contents: one(5, () => contents),
}
const requestedOutput: Schema = { name: one(1, 'string') }
const request: Schema = {
  modelName: one(1, 'string'),
  modelVersion: one(2, 'string'),
  id: one(3, 'string'),
  parameters: many(4, () => parameter),
  inputs: many(5, () => tensor),
  outputs: many(6, () => requestedOutput),
  rawInputs: many(7, 'bytes'),
}
const response: Schema = {
  modelName: one(1, 'string'),
  modelVersion: one(2, 'string'),
  id: one(3, 'string'),
  parameters: many(4, () => parameter),
  outputs: many(5, () => tensor),
  rawOutputs: many(6, 'bytes'),
}
const streamResponse: Schema = { error: one(1, 'string'), response: one(2, () => response) }

export function encodeInferRequest(message: InferRequestMessage): Uint8Array {
  return encodeMessage(request, message as unknown as Message)
}

/** Throws RangeError for bytes that are not the message. */
export function decodeInferResponse(bytes: Uint8Array): InferResponseMessage {
  return decodeMessage(response, bytes) as unknown as InferResponseMessage
}

export function decodeStreamResponse(bytes: Uint8Array): {
  readonly error?: string
  readonly response?: InferResponseMessage
} {
  return decodeMessage(streamResponse, bytes) as ReturnType<typeof decodeStreamResponse>
}
