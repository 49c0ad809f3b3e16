import type { OutputColumn } from '../../model-runtime-point.ts'
import type { TensorDatatype } from './datatype.ts'

/** Which rows of a column: a batch may have been scored for several requests. */
export interface RowRange {
  readonly offset: number
  readonly rows: number
}

/** Outputs as little-endian elements without padding; of BYTES each with its length before it, as 32 bits. */
export function outputBytes(
  { width, values }: OutputColumn,
  datatype: TensorDatatype,
  { offset, rows }: RowRange,
): Buffer {
  const first = offset * width
  const end = first + rows * width
  if (datatype === 'BYTES' || isTexts(values)) return textBytes(values.slice(first, end))
  const part = values.subarray(first, end)
  if (part instanceof BigInt64Array)
    return datatype === 'INT64' || datatype === 'UINT64'
      ? bytesOf(part)
      : numberBytes(Float64Array.from(part, Number), datatype)
  return numberBytes(part, datatype)
}

function isTexts(values: OutputColumn['values']): values is readonly string[] {
  return Array.isArray(values)
}

type NumberDatatype = Exclude<TensorDatatype, 'BYTES'>

function numberBytes(values: Float64Array | Float32Array, datatype: NumberDatatype): Buffer {
  switch (datatype) {
    case 'FP32':
      return bytesOf(values instanceof Float32Array ? values : new Float32Array(values))
    case 'FP64':
      return bytesOf(values instanceof Float64Array ? values : new Float64Array(values))
    case 'FP16':
      return bytesOf(new Float16Array(values))
    case 'BOOL':
      return bytesOf(Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)))
    case 'INT64':
    case 'UINT64':
      return wholeBytes(values)
    case 'INT32':
      return bytesOf(new Int32Array(values))
    case 'UINT32':
      return bytesOf(new Uint32Array(values))
    case 'INT16':
      return bytesOf(new Int16Array(values))
    case 'UINT16':
      return bytesOf(new Uint16Array(values))
    case 'INT8':
      return bytesOf(new Int8Array(values))
    case 'UINT8':
      return bytesOf(new Uint8Array(values))
  }
}

const twoTo32 = 2 ** 32

/** In halves, because a bigint for each element costs twenty times as much; exact for all that a double says exactly. */
function wholeBytes(values: Float64Array | Float32Array): Buffer {
  const halves = new Int32Array(values.length * 2)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    halves[i * 2] = value % twoTo32
    halves[i * 2 + 1] = Math.floor(value / twoTo32)
  }
  return bytesOf(halves)
}

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}

function textBytes(values: ArrayLike<unknown>): Buffer {
  const texts = Array.from(values, String)
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0))
  let offset = 0
  for (const text of texts) {
    const length = bytes.write(text, offset + 4)
    bytes.writeUInt32LE(length, offset)
    offset += 4 + length
  }
  return bytes
}
