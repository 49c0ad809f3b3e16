import { fail } from '#contract/errors'

/** Values of one tensor, row by row. The kind of list says the datatype. */
export type TensorValues =
  | Float16Array
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | readonly boolean[]
  | readonly string[]

export interface TensorInput {
  readonly name: string
  readonly values: TensorValues
  /** `[number of values]` when left out: one value a row. */
  readonly shape?: readonly number[]
}

export interface TensorOutput {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly values: TensorValues
}

/** How a tensor is described in the JSON before its bytes. */
export interface TensorHeader {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly parameters: { readonly binary_data_size: number }
}

const datatypes = {
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
} as const

/** Numbers as they are in memory, booleans as bytes, and texts each after its length in 32 bits, all little-endian. */
export function tensorBytes({ name, values, shape }: TensorInput): {
  readonly header: TensorHeader
  readonly bytes: Uint8Array<ArrayBuffer>
} {
  const { datatype, bytes } = bytesOf(values)
  const header = {
    name,
    datatype,
    shape: shape ?? [values.length],
    parameters: { binary_data_size: bytes.length },
  }
  return { header, bytes }
}

function bytesOf(values: TensorValues): { datatype: string; bytes: Uint8Array<ArrayBuffer> } {
  if (isList(values)) {
    if (typeof values[0] === 'string')
      return { datatype: 'BYTES', bytes: textBytes(values as readonly string[]) }
    return { datatype: 'BOOL', bytes: Uint8Array.from(values, Number) }
  }
  const datatype = Object.entries(datatypes).find(([, Kind]) => values instanceof Kind)?.[0]
  if (datatype === undefined)
    return fail('invalid_input', 'The values of a tensor are no list that it knows.')
  return {
    datatype,
    bytes: new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength),
  }
}

function isList(values: TensorValues): values is readonly boolean[] | readonly string[] {
  return Array.isArray(values)
}

function textBytes(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const parts = texts.map((text) => encoder.encode(text))
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const part of parts) {
    view.setUint32(offset, part.length, true)
    bytes.set(part, offset + 4)
    offset += 4 + part.length
  }
  return bytes
}

/** @param bytes exactly those of the tensor */
export function tensorValues(datatype: string, bytes: Uint8Array): TensorValues {
  // A copy: typed arrays must begin at a multiple of their size, and the bytes come after JSON of any length.
  const { buffer } = new Uint8Array(bytes)
  if (datatype === 'BOOL') return Array.from(bytes, (byte) => byte !== 0)
  if (datatype === 'BYTES') return textsOf(bytes)
  const Kind = datatypes[datatype as keyof typeof datatypes]
  if (Kind === undefined || bytes.length % Kind.BYTES_PER_ELEMENT !== 0)
    return fail('internal', `The server answered a tensor of ${datatype} with ${bytes.length} bytes.`)
  return new Kind(buffer)
}

function textsOf(bytes: Uint8Array): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoder = new TextDecoder()
  const texts: string[] = []
  let offset = 0
  while (offset < bytes.length) {
    const end = offset + 4 + view.getUint32(offset, true)
    texts.push(decoder.decode(bytes.subarray(offset + 4, end)))
    offset = end
  }
  return texts
}
