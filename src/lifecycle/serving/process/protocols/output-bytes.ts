import type { OutputColumn } from '../../model-runtime-point.ts'
import type { SignatureInput } from '../../plan.ts'
import { datatypeOf, type TensorDatatype } from '../rows/datatype.ts'
import { valueText } from './output-text.ts'

/** Rows of a scored column that belong to one request. */
export interface ColumnRows {
  /** Index of the first row in the column. */
  readonly offset: number
  readonly rows: number
}

type NumericDatatype = Exclude<TensorDatatype, 'BYTES'>

const writers: Readonly<
  Partial<Record<NumericDatatype, (view: DataView, index: number, value: number) => void>>
> = {
  BOOL: (view, index, value) => view.setUint8(index, value === 0 || Number.isNaN(value) ? 0 : 1),
  INT32: (view, index, value) => view.setInt32(index * 4, Number.isNaN(value) ? missingInteger : value, true),
  FP32: (view, index, value) => view.setFloat32(index * 4, value, true),
  FP64: (view, index, value) => view.setFloat64(index * 8, value, true),
}

const elementBytes: Readonly<Partial<Record<TensorDatatype, number>>> = {
  BOOL: 1,
  INT32: 4,
  FP32: 4,
  FP64: 8,
}

/** Bytes have no way to say that a whole number is missing; this is what pandas and NumPy write for it. */
const missingInteger = -(2 ** 31)
const missingLong = -(2 ** 63)
const twoTo32 = 2 ** 32

/**
 * A column as the protocol's binary form has it: little-endian, row by row, without padding; each element of BYTES after its
 * length in 32 bits. May be a view of the column, so it is to be written before the column changes.
 */
export function outputBytes(
  { width, values }: OutputColumn,
  type: SignatureInput['type'],
  { offset, rows }: ColumnRows,
): Buffer {
  const first = offset * width
  const count = rows * width
  const datatype = datatypeOf[type]
  if (datatype === 'BYTES' || isTexts(values)) return textBytes(values, type, { offset: first, rows: count })
  if (datatype === 'INT64') return longBytes(values, first, count)
  if (
    (datatype === 'FP32' && values instanceof Float32Array) ||
    (datatype === 'FP64' && values instanceof Float64Array)
  ) {
    const part = values.subarray(first, first + count)
    return Buffer.from(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength)
  }
  const write = writers[datatype] as NonNullable<(typeof writers)[NumericDatatype]>
  const bytes = Buffer.allocUnsafe(count * (elementBytes[datatype] as number))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let index = 0; index < count; index++) write(view, index, Number(values[first + index]))
  return bytes
}

function longBytes(
  values: Exclude<OutputColumn['values'], readonly string[]>,
  first: number,
  count: number,
): Buffer {
  if (values instanceof BigInt64Array) {
    const part = values.subarray(first, first + count)
    return Buffer.from(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength)
  }
  // In halves, because a bigint for each element costs twenty times as much.
  const halves = new Int32Array(count * 2)
  for (let index = 0; index < count; index++) {
    const value = values[first + index] as number
    const whole = Number.isFinite(value) ? Math.trunc(value) : missingLong
    halves[index * 2] = whole % twoTo32
    halves[index * 2 + 1] = Math.floor(whole / twoTo32)
  }
  return Buffer.from(halves.buffer)
}

function textBytes(
  values: OutputColumn['values'],
  type: SignatureInput['type'],
  { offset, rows }: ColumnRows,
): Buffer {
  const parts: Buffer[] = []
  for (let index = offset; index < offset + rows; index++) {
    const value = values[index] as string | number | bigint
    const text = Buffer.from(typeof value === 'string' ? value : valueText(Number(value), type), 'utf8')
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32LE(text.length)
    parts.push(length, text)
  }
  return Buffer.concat(parts)
}

function isTexts(values: OutputColumn['values']): values is readonly string[] {
  return Array.isArray(values)
}
