import { isUtf8 } from 'node:buffer'
import { fail } from '#contract/errors'
import { datatypeBytes, type TensorDatatype } from './datatype.ts'
import type { NumericValues, Tensor } from './tensor.ts'
import { elementsOf } from './shape.ts'

export interface BinaryTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: TensorDatatype
  readonly bytes: Buffer
  readonly at: string
}

/** Little-endian elements without padding, row by row; of BYTES each with its length before it, as 32 bits. */
export function tensorFromBytes({ bytes, ...tensor }: BinaryTensor): Tensor {
  const count = elementsOf(tensor.shape)
  const { datatype } = tensor
  if (datatype === 'BYTES') return { ...tensor, values: readTexts(bytes, count, tensor.at) }
  const size = datatypeBytes[datatype]
  if (bytes.length !== count * size) {
    fail(
      'invalid_input',
      `${tensor.at}: the shape [${tensor.shape.join(', ')}] of ${datatype} takes ${count * size} bytes; ${bytes.length} were sent.`,
      { at: tensor.at },
    )
  }
  const values = typedView(datatype, bytes)
  if (datatype === 'BOOL') refuseOtherBooleans(values as Uint8Array, tensor.at)
  return { ...tensor, values }
}

const views = {
  BOOL: Uint8Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const

/** A view on the bytes where their place in memory allows it, and a copy otherwise. Every machine that runs Node here is little-endian. */
function typedView(datatype: Exclude<TensorDatatype, 'BYTES'>, bytes: Buffer): NumericValues {
  const View = views[datatype]
  const size = View.BYTES_PER_ELEMENT
  if (bytes.byteOffset % size === 0) {
    return new View(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / size)
  }
  const copy = new Uint8Array(bytes)
  return new View(copy.buffer, 0, bytes.length / size)
}

function refuseOtherBooleans(values: Uint8Array, at: string): void {
  for (let i = 0; i < values.length; i++) {
    if ((values[i] as number) <= 1) continue
    fail('invalid_input', `${at}: element ${i} is the byte ${values[i]}; BOOL has 0 and 1.`, { at })
  }
}

function readTexts(bytes: Buffer, count: number, at: string): readonly string[] {
  // Each element has at least its length, so that a shape that lies reserves nothing.
  if (count * 4 > bytes.length) {
    fail(
      'invalid_input',
      `${at}: ${count} elements of BYTES take at least ${count * 4} bytes; ${bytes.length} were sent.`,
      {
        at,
      },
    )
  }
  const texts: string[] = []
  let offset = 0
  for (let i = 0; i < count; i++) {
    if (offset + 4 > bytes.length) failShort(i, at)
    const start = offset + 4
    offset = start + bytes.readUInt32LE(offset)
    if (offset > bytes.length) failShort(i, at)
    texts.push(textOf(bytes.subarray(start, offset), i, at))
  }
  if (offset === bytes.length) return texts
  return fail(
    'invalid_input',
    `${at}: ${bytes.length - offset} bytes are left after its ${count} elements.`,
    { at },
  )
}

function failShort(index: number, at: string): never {
  return fail('invalid_input', `${at}: element ${index} is longer than the bytes of its tensor.`, { at })
}

/** Text of one element; the program's models know no other bytes. */
export function textOf(bytes: Uint8Array, index: number, at: string): string {
  if (!isUtf8(bytes)) fail('invalid_input', `${at}: element ${index} is not valid UTF-8.`, { at })
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
