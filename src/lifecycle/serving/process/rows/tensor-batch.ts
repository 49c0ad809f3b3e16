import { fail } from '#contract/errors'
import type { SignatureInput } from '../../plan.ts'
import { objectOf } from '../http/http-call.ts'
import {
  clip,
  describe,
  failMissing,
  openBatch,
  refuseUnknown,
  writeCell,
  type OpenBatch,
  type RowSchema,
  type SchemaField,
} from './row-schema.ts'

export type TensorDatatype =
  | keyof typeof wholeNumberRanges
  | 'BOOL'
  | 'INT64'
  | 'UINT64'
  | 'FP32'
  | 'FP64'
  | 'BYTES'

const wholeNumberRanges = {
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
} as const satisfies Record<string, readonly [number, number]>

/** What each type of a signature is in the protocol. */
export const datatypeOf: Readonly<Record<SignatureInput['type'], TensorDatatype>> = {
  boolean: 'BOOL',
  integer: 'INT32',
  long: 'INT64',
  float: 'FP32',
  double: 'FP64',
  string: 'BYTES',
  datetime: 'BYTES',
}

/** What may be sent for each type: what it is, and what widens to it without loss (MLflow's table of casts). */
const accepted: Readonly<Record<SignatureInput['type'], readonly string[]>> = {
  boolean: ['BOOL'],
  integer: ['INT32', 'INT8', 'INT16', 'UINT8', 'UINT16'],
  long: ['INT64', 'INT32', 'INT8', 'INT16', 'UINT8', 'UINT16', 'UINT32'],
  float: ['FP32', 'INT8', 'INT16', 'UINT8', 'UINT16'],
  double: ['FP64', 'FP32', 'INT32', 'INT8', 'INT16', 'UINT8', 'UINT16', 'UINT32'],
  string: ['BYTES'],
  datetime: ['BYTES', 'INT64'],
}

interface JsonTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: string
  readonly values: readonly unknown[]
  readonly at: string
}

const maximumRank = 8

/**
 * Reads the `inputs` of an inference request: a tensor [rows] or [rows, 1] per field, or one matrix [rows, fields] of
 * numbers in the order of the signature.
 */
export function batchFromTensors(schema: RowSchema, inputs: unknown, rowsLimit: number): OpenBatch {
  if (!Array.isArray(inputs) || inputs.length === 0) {
    fail('invalid_input', 'inputs is missing or empty; a list of tensors is expected.', { at: 'inputs' })
  }
  const tensors = inputs.map((input: unknown, index) => readTensor(input, `inputs[${index}]`))
  const [first] = tensors as [JsonTensor, ...JsonTensor[]]
  const rows = first.shape[0] ?? 0
  if (rows === 0) fail('invalid_input', `${first.at}.shape has no rows.`, { at: `${first.at}.shape` })
  if (rows > rowsLimit)
    fail('payload_too_large', `${rows} rows are more than the ${rowsLimit} of limits.rowsPerRequest.`)
  if (tensors.length === 1 && isMatrix(schema, first)) return batchFromMatrix(schema, first)
  return batchFromColumns(schema, tensors, rows)
}

function batchFromColumns(schema: RowSchema, tensors: readonly JsonTensor[], rows: number): OpenBatch {
  refuseUnknown(
    schema,
    tensors.map((tensor) => tensor.name),
    (name) => tensors.find((tensor) => tensor.name === name)?.at ?? name,
  )
  const batch = openBatch(schema, rows)
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  if (byName.size !== tensors.length)
    fail('invalid_input', 'inputs has two tensors of one name.', { at: 'inputs' })
  for (const field of schema.fields) {
    const tensor = byName.get(field.name)
    if (tensor === undefined) {
      if (field.required) failMissing(field, `inputs: the tensor "${field.name}"`)
      for (let row = 0; row < rows; row++) writeCell(batch, { field, row, value: null }, () => field.name)
      continue
    }
    if (tensor.shape[0] !== rows || tensor.shape.slice(1).some((dimension) => dimension !== 1)) {
      const at = `${tensor.at}.shape`
      fail(
        'invalid_input',
        `${at} of "${field.name}" is [${tensor.shape.join(', ')}]; [${rows}] or [${rows}, 1] is expected.`,
        { at },
      )
    }
    checkDatatype(tensor, field)
    for (let row = 0; row < rows; row++) writeElement(batch, { tensor, field, row, index: row })
  }
  return batch
}

function isMatrix(schema: RowSchema, { name, shape }: JsonTensor): boolean {
  return (
    schema.fields.length > 1 && schema.textColumns === 0 && shape.length === 2 && !schema.byName.has(name)
  )
}

function batchFromMatrix(schema: RowSchema, tensor: JsonTensor): OpenBatch {
  const [rows = 0, columns = 0] = tensor.shape
  if (columns !== schema.fields.length) {
    const at = `${tensor.at}.shape`
    const names = schema.fields.map((field) => field.name).join(', ')
    fail(
      'invalid_input',
      `${at} is [${rows}, ${columns}]; the model takes ${schema.fields.length} columns: ${names}.`,
      { at },
    )
  }
  const batch = openBatch(schema, rows)
  for (const field of schema.fields) checkDatatype(tensor, field)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      writeElement(batch, {
        tensor,
        field: schema.fields[column] as SchemaField,
        row,
        index: row * columns + column,
      })
    }
  }
  return batch
}

interface Element {
  readonly tensor: JsonTensor
  readonly field: SchemaField
  readonly row: number
  readonly index: number
}

function writeElement(batch: OpenBatch, { tensor, field, row, index }: Element): void {
  const value = tensor.values[index]
  const place = (): string => `${tensor.at}.data[${index}] ("${field.name}")`
  const range: readonly [number, number] | undefined =
    wholeNumberRanges[tensor.datatype as keyof typeof wholeNumberRanges]
  if (
    range !== undefined &&
    value !== null &&
    !(Number.isInteger(value) && (value as number) >= range[0] && (value as number) <= range[1])
  ) {
    fail(
      'invalid_input',
      `${place()} is ${describe(value)}, which is not ${tensor.datatype}: ${range[0]} to ${range[1]}.`,
      { at: place() },
    )
  }
  writeCell(batch, { field, row, value }, place)
}

function checkDatatype({ datatype, at }: JsonTensor, field: SchemaField): void {
  if (accepted[field.type].includes(datatype)) return
  fail(
    'invalid_input',
    `${at}.datatype of "${field.name}" is ${clip(datatype)}; the field is a ${field.type}, sent as ${accepted[field.type].join(', ')}.`,
    {
      at: `${at}.datatype`,
      hint: 'Only casts that lose nothing are made.',
    },
  )
}

function readTensor(input: unknown, at: string): JsonTensor {
  const { name, shape, datatype, data, parameters } = objectOf(input, at)
  if (typeof name !== 'string')
    fail('invalid_input', `${at}.name is ${describe(name)}; text is expected.`, { at: `${at}.name` })
  if (typeof datatype !== 'string')
    fail('invalid_input', `${at}.datatype is ${describe(datatype)}; text is expected.`, {
      at: `${at}.datatype`,
    })
  if (parameters !== undefined && 'binary_data_size' in objectOf(parameters, `${at}.parameters`)) {
    fail('unsupported_media_type', `${at}: binary tensors are not supported; send the values in "data".`, {
      at,
    })
  }
  const checkedShape = readShape(shape, `${at}.shape`)
  return { name, datatype, shape: checkedShape, values: flatten(data, checkedShape, `${at}.data`), at }
}

function readShape(shape: unknown, at: string): readonly number[] {
  if (!Array.isArray(shape) || shape.length === 0 || shape.length > maximumRank) {
    fail(
      'invalid_input',
      `${at} is ${describe(shape)}; a list of 1 to ${maximumRank} whole numbers is expected.`,
      { at },
    )
  }
  let product = 1
  for (const dimension of shape as readonly unknown[]) {
    if (!Number.isSafeInteger(dimension) || (dimension as number) < 0) {
      fail(
        'invalid_input',
        `${at} has the dimension ${describe(dimension)}; whole numbers from 0 are expected.`,
        { at },
      )
    }
    product *= dimension as number
  }
  if (!Number.isSafeInteger(product))
    fail('invalid_input', `${at} describes more elements than can exist.`, { at })
  return shape as number[]
}

/** Row-major values of flat or nested data; nested data must have exactly the shape. */
function flatten(data: unknown, shape: readonly number[], at: string): readonly unknown[] {
  if (!Array.isArray(data))
    return fail('invalid_input', `${at} is ${describe(data)}; a list is expected.`, { at })
  const count = shape.reduce((product, dimension) => product * dimension, 1)
  if (!Array.isArray(data[0])) {
    if (data.length !== count) {
      fail(
        'invalid_input',
        `${at} has ${data.length} elements; the shape [${shape.join(', ')}] has ${count}.`,
        { at },
      )
    }
    return data
  }
  const values: unknown[] = []
  collect({ data, level: 0, at }, shape, values)
  return values
}

function collect(
  { data, level, at }: { data: unknown; level: number; at: string },
  shape: readonly number[],
  values: unknown[],
): void {
  if (!Array.isArray(data) || data.length !== shape[level]) {
    fail('invalid_input', `${at} does not have the shape [${shape.join(', ')}].`, { at })
  }
  if (level === shape.length - 1) {
    for (const value of data) values.push(value)
    return
  }
  for (let index = 0; index < data.length; index++) {
    collect({ data: data[index], level: level + 1, at: `${at}[${index}]` }, shape, values)
  }
}
