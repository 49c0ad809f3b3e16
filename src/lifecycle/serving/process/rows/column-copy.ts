import { fail } from '#contract/errors'
import { wholeNumberRanges } from './datatype.ts'
import { failMissing, describe } from './field-error.ts'
import { writeValue } from './record-batch.ts'
import { blockStart, type OpenBatch, type SchemaField } from './row-schema.ts'
import { isTyped, type NumericValues, type Tensor } from './tensor.ts'

/** Which values of a tensor belong to a field: `count` of them from `first` on, `step` apart. */
export interface Stride {
  readonly field: SchemaField
  readonly first: number
  readonly step: number
  readonly count: number
}

/** Checks values against their field and stores them as its block. */
export function copyColumn(batch: OpenBatch, tensor: Tensor, stride: Stride): void {
  if (!isTyped(tensor.values)) return copyList(batch, tensor, stride)
  if (tensor.values instanceof BigInt64Array || tensor.values instanceof BigUint64Array)
    return copyLongs(batch, tensor, stride)
  copyNumbers(batch, tensor, stride)
}

type ShortNumbers = Exclude<NumericValues, BigInt64Array | BigUint64Array>

function copyNumbers(
  { numbers, rows }: OpenBatch,
  tensor: Tensor,
  { field, first, step, count }: Stride,
): void {
  const values = tensor.values as ShortNumbers
  const start = blockStart(field, rows)
  if (step === 1)
    numbers.set(
      first === 0 && count === values.length ? values : values.subarray(first, first + count),
      start,
    )
  else gather(numbers.subarray(start, start + count), values, { first, step })
  const isFloat = tensor.datatype === 'FP32' || tensor.datatype === 'FP64' || tensor.datatype === 'FP16'
  if (isFloat && !allFinite(numbers, start, count))
    refuseNotFinite(numbers.subarray(start, start + count), tensor, { field, first, step, count })
}

/** Monomorphic per kind of array, because a loop over several kinds is several times slower. */
function gather(
  target: Float64Array,
  values: ShortNumbers,
  { first, step }: { readonly first: number; readonly step: number },
): void {
  if (values instanceof Float32Array) {
    for (let i = 0, from = first; i < target.length; i++, from += step) target[i] = values[from] as number
  } else if (values instanceof Float64Array) {
    for (let i = 0, from = first; i < target.length; i++, from += step) target[i] = values[from] as number
  } else {
    for (let i = 0, from = first; i < target.length; i++, from += step) target[i] = values[from] as number
  }
}

/** One pass without branches: what is finite is zero less itself, and anything else is NaN for good. */
function allFinite(numbers: Float64Array, start: number, count: number): boolean {
  let sum = 0
  for (let i = start; i < start + count; i++) {
    const value = numbers[i] as number
    sum += value - value
  }
  return sum === 0
}

/** NaN stands for a missing value, as in JSON null does; infinity stands for nothing. */
function refuseNotFinite(block: Float64Array, tensor: Tensor, { field, first, step }: Stride): void {
  for (let i = 0; i < block.length; i++) {
    const value = block[i] as number
    if (Number.isFinite(value)) continue
    const at = elementPlace(tensor, field, first + i * step)
    if (!Number.isNaN(value)) fail('invalid_input', `${at} is infinite; a finite number is expected.`, { at })
    if (field.required) failMissing(field, at)
  }
}

const twoTo32 = 2 ** 32
const safeHigh = 2 ** 21
const largestSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** Read as halves, because a bigint for each element costs twenty times as much. */
function copyLongs(batch: OpenBatch, tensor: Tensor, { field, first, step, count }: Stride): void {
  const values = tensor.values as BigInt64Array | BigUint64Array
  const signed = values instanceof BigInt64Array
  const low = new Uint32Array(values.buffer, values.byteOffset, values.length * 2)
  const high = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  const start = blockStart(field, batch.rows)
  const { numbers } = batch
  let isExact = field.type !== 'datetime'
  for (let i = 0, from = first * 2; i < count; i++, from += step * 2) {
    const upper = high[from + 1] as number
    if (upper >= safeHigh || upper <= -safeHigh || (!signed && upper < 0)) isExact = false
    numbers[start + i] = upper * twoTo32 + (low[from] as number)
  }
  if (isExact) return
  for (let i = 0; i < count; i++) {
    const whole = values[first + i * step] as bigint
    const value = whole >= -largestSafe && whole <= largestSafe ? Number(whole) : whole
    writeValue(batch, { field, index: i, value }, () => elementPlace(tensor, field, first + i * step))
  }
}

function copyList(batch: OpenBatch, tensor: Tensor, { field, first, step, count }: Stride): void {
  const range = wholeNumberRanges[tensor.datatype]
  const values = tensor.values as readonly unknown[]
  const start = blockStart(field, batch.rows)
  const texts = field.type === 'string' ? batch.texts[field.column] : undefined
  const limit = range === undefined ? field.plainLimit : 0
  for (let i = 0; i < count; i++) {
    const value = values[first + i * step]
    // The common cases without a call: everything else, right or wrong, is looked at below.
    if (texts !== undefined && typeof value === 'string') {
      texts[i] = value
      continue
    }
    if (typeof value === 'number' && value < limit && value > -limit) {
      batch.numbers[start + i] = value
      continue
    }
    if (value === null || value === undefined) {
      if (field.required) failMissing(field, elementPlace(tensor, field, first + i * step))
      if (field.type !== 'string') batch.numbers[start + i] = Number.NaN
      continue
    }
    if (range !== undefined) refuseOutside(value, range, { tensor, field, index: first + i * step })
    if (tensor.datatype === 'UINT64' && (value as number | bigint) < 0)
      refuseNegative(value, tensor, { field, index: first + i * step })
    writeValue(batch, { field, index: i, value }, () => elementPlace(tensor, field, first + i * step))
  }
}

interface Element {
  readonly tensor: Tensor
  readonly field: SchemaField
  readonly index: number
}

function refuseOutside(
  value: unknown,
  [low, high]: readonly [number, number],
  { tensor, field, index }: Element,
): void {
  if (Number.isInteger(value) && (value as number) >= low && (value as number) <= high) return
  const at = elementPlace(tensor, field, index)
  fail('invalid_input', `${at} is ${describe(value)}, which is not ${tensor.datatype}: ${low} to ${high}.`, {
    at,
  })
}

function refuseNegative(value: unknown, tensor: Tensor, { field, index }: Omit<Element, 'tensor'>): never {
  const at = elementPlace(tensor, field, index)
  return fail('invalid_input', `${at} is ${describe(value)}, which is not UINT64: it is negative.`, { at })
}

function elementPlace(tensor: Tensor, field: SchemaField, index: number): string {
  return `${tensor.at}.data[${index}] ("${field.name}")`
}
