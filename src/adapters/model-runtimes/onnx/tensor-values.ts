import { Tensor } from 'onnxruntime-node'
import { fail } from '#contract/errors'
import type { OutputColumn } from '#lifecycle/serving/model-runtime-point'

const bindableTypes = [
  'float32',
  'float64',
  'float16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint64',
  'uint32',
  'uint16',
  'uint8',
  'bool',
  'string',
] as const
export type BindableType = (typeof bindableTypes)[number]

export function bindableType(type: string, { label, name }: { label: string; name: string }): BindableType {
  const found = bindableTypes.find((known) => known === type)
  return (
    found ??
    fail(
      'invalid_input',
      `${label}: the graph input "${name}" is ${type}; supported: ${bindableTypes.join(', ')}.`,
    )
  )
}

/** The smallest and largest whole number of each type; what is beyond would come out as another number. */
const ranges: Partial<Record<BindableType, readonly [number, number]>> = {
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-2_147_483_648, 2_147_483_647],
  uint8: [0, 255],
  uint16: [0, 65_535],
  uint32: [0, 4_294_967_295],
  int64: [-(2 ** 63), 2 ** 63 - 1024],
  uint64: [0, 2 ** 64 - 2048],
}

export interface TensorValues {
  readonly name: string
  readonly values: Float64Array
  /** The same, exactly, where a double could not hold them. */
  readonly longs?: BigInt64Array | undefined
}

/** Numbers as the graph wants them. A number that its type cannot hold fails with `invalid_input`. */
export function numberTensor(
  type: BindableType,
  { name, values, longs }: TensorValues,
  shape: readonly number[],
): Tensor {
  const range = ranges[type]
  if (range !== undefined && longs === undefined) checkRange(values, { name, type, range })
  switch (type) {
    case 'float32':
      return new Tensor('float32', new Float32Array(values), shape)
    case 'float64':
      return new Tensor('float64', values, shape)
    case 'float16':
      return halfTensor(values, shape)
    case 'int64':
      return new Tensor('int64', longs ?? bigs(new BigInt64Array(values.length), values), shape)
    case 'uint64':
      return new Tensor(
        'uint64',
        unsigned(longs, name) ?? bigs(new BigUint64Array(values.length), values),
        shape,
      )
    case 'int32':
      return new Tensor('int32', new Int32Array(values), shape)
    case 'int16':
      return new Tensor('int16', new Int16Array(values), shape)
    case 'int8':
      return new Tensor('int8', new Int8Array(values), shape)
    case 'uint32':
      return new Tensor('uint32', new Uint32Array(values), shape)
    case 'uint16':
      return new Tensor('uint16', new Uint16Array(values), shape)
    case 'uint8':
      return new Tensor('uint8', new Uint8Array(values), shape)
    case 'bool':
      return new Tensor('bool', new Uint8Array(values), shape)
    case 'string':
      return fail('internal', 'A column of numbers was bound to a text input.')
  }
}

/** Node's native interface does not know Float16Array, into which `Tensor` makes its data: it reads nothing of it. */
function halfTensor(values: Float64Array, shape: readonly number[]): Tensor {
  const bits = new Uint16Array(new Float16Array(values).buffer)
  return Object.assign(new Tensor('float16', bits, shape), { cpuData: bits })
}

function checkRange(
  values: Float64Array,
  { name, type, range: [least, most] }: { name: string; type: string; range: readonly [number, number] },
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value >= least && value <= most && Number.isInteger(value)) continue
    fail('invalid_input', `"${name}": ${value} is not a number of the type ${type}, which the model takes.`, {
      at: name,
      hint: `It holds whole numbers from ${least} to ${most}.`,
    })
  }
}

function bigs<Into extends BigInt64Array | BigUint64Array>(into: Into, values: Float64Array): Into {
  for (let i = 0; i < values.length; i++) into[i] = BigInt(values[i] as number)
  return into
}

function unsigned(longs: BigInt64Array | undefined, name: string): BigUint64Array | undefined {
  if (longs === undefined) return undefined
  if (longs.some((value) => value < 0n))
    fail('invalid_input', `"${name}" is below zero, and the model takes uint64.`, { at: name })
  return new BigUint64Array(longs.buffer.slice(longs.byteOffset, longs.byteOffset + longs.byteLength))
}

/** Copies: what onnxruntime hands out may be its own memory, which cannot be moved to another thread. */
export function outputColumn(name: string, tensor: Tensor, rows: number): OutputColumn {
  const width = tensor.size / rows
  if (!Number.isInteger(width) || width === 0) {
    fail('invalid_input', `The output "${name}" has ${tensor.size} values for ${rows} rows.`)
  }
  const data = tensor.data as unknown
  if (Array.isArray(data)) return { width, values: data as string[] }
  if (data instanceof Float32Array) return { width, values: data.slice() }
  if (tensor.type === 'float16') return { width, values: fromHalves(data as Uint16Array | Float16Array) }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return { width, values: wholes(data) }
  return { width, values: Float64Array.from(data as Int32Array) }
}

function fromHalves(data: Uint16Array | Float16Array): Float32Array {
  if (data instanceof Float16Array) return Float32Array.from(data)
  return Float32Array.from(new Float16Array(data.slice().buffer))
}

/** As doubles, but for numbers that these would round. */
function wholes(data: BigInt64Array | BigUint64Array): Float64Array | BigInt64Array {
  const values = new Float64Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i])
    if (!Number.isSafeInteger(value)) return BigInt64Array.from(data)
    values[i] = value
  }
  return values
}
