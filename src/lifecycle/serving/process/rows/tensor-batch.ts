import { fail } from '#contract/errors'
import { copyColumn } from './column-copy.ts'
import { acceptedDatatypes } from './datatype.ts'
import { failMissing, fieldNames, refuseUnknown } from './field-error.ts'
import { blockStart, openBatch, type OpenBatch, type RowSchema, type SchemaField } from './row-schema.ts'
import type { Tensor } from './tensor.ts'

/**
 * The rows of checked tensors: a tensor [rows], [rows, 1] or [rows, ...shape] per field, or one matrix [rows, fields] of
 * numbers in the order of the signature.
 */
export function batchFromTensors(
  schema: RowSchema,
  tensors: readonly Tensor[],
  rowsLimit: number,
): OpenBatch {
  const [first] = tensors
  if (first === undefined)
    return fail('invalid_input', 'inputs is empty; tensors are expected.', { at: 'inputs' })
  const rows = first.shape[0] ?? 0
  if (rows === 0) fail('invalid_input', `${first.at}.shape has no rows.`, { at: `${first.at}.shape` })
  if (rows > rowsLimit)
    fail('payload_too_large', `${rows} rows are more than the ${rowsLimit} of limits.rowsPerRequest.`)
  if (tensors.length === 1 && schema.isMatrix && first.shape.length === 2 && !schema.byName.has(first.name))
    return batchFromMatrix(schema, first)
  return batchFromColumns(schema, tensors, rows)
}

function batchFromColumns(schema: RowSchema, tensors: readonly Tensor[], rows: number): OpenBatch {
  refuseUnknown(
    schema,
    tensors.map((tensor) => tensor.name),
    (name) => tensors.find((tensor) => tensor.name === name)?.at ?? name,
  )
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  if (byName.size !== tensors.length) {
    const second = tensors.find((tensor) => byName.get(tensor.name) !== tensor) as Tensor
    fail('invalid_input', `inputs has two tensors of the name "${second.name}".`, { at: second.at })
  }
  // Before room is made for the rows that they claim to have.
  for (const tensor of tensors) checkTensor(tensor, schema.byName.get(tensor.name) as SchemaField, rows)
  const batch = openBatch(schema, rows)
  for (const field of schema.fields) {
    const tensor = byName.get(field.name)
    if (tensor !== undefined) {
      copyColumn(batch, tensor, { field, first: 0, step: 1, count: rows * field.width })
    } else if (field.required) {
      failMissing(field, `inputs: the tensor "${field.name}"`)
    } else if (field.type !== 'string') {
      const start = blockStart(field, rows)
      batch.numbers.fill(Number.NaN, start, start + rows * field.width)
    }
  }
  return batch
}

function checkTensor(tensor: Tensor, field: SchemaField, rows: number): void {
  checkDatatype(tensor, field)
  const { shape, at } = tensor
  const wanted = field.shape ?? []
  const given = shape.slice(1)
  const isOne = field.width === 1 && given.every((dimension) => dimension === 1)
  const isSame =
    given.length === wanted.length && given.every((dimension, index) => dimension === wanted[index])
  if (shape[0] === rows && (isSame || isOne)) return
  const expected =
    field.shape === undefined ? `[${rows}] or [${rows}, 1]` : `[${[rows, ...wanted].join(', ')}]`
  fail('invalid_input', `${at}.shape of "${field.name}" is [${shape.join(', ')}]; ${expected} is expected.`, {
    at: `${at}.shape`,
  })
}

function batchFromMatrix(schema: RowSchema, tensor: Tensor): OpenBatch {
  const [rows = 0, columns = 0] = tensor.shape
  if (columns !== schema.fields.length) {
    const at = `${tensor.at}.shape`
    fail(
      'invalid_input',
      `${at} is [${rows}, ${columns}]; the model takes ${schema.fields.length} columns: ${fieldNames(schema)}.`,
      { at },
    )
  }
  for (const field of schema.fields) checkDatatype(tensor, field)
  const batch = openBatch(schema, rows)
  for (let column = 0; column < columns; column++) {
    const field = schema.fields[column] as SchemaField
    copyColumn(batch, tensor, { field, first: column, step: columns, count: rows })
  }
  return batch
}

function checkDatatype({ datatype, at }: Tensor, field: SchemaField): void {
  const accepted = acceptedDatatypes[field.type]
  if (accepted.includes(datatype)) return
  fail(
    'invalid_input',
    `${at}.datatype of "${field.name}" is ${datatype}; the field is a ${field.type}, sent as ${accepted.join(', ')}.`,
    { at: `${at}.datatype`, hint: 'Only casts that lose nothing are made.' },
  )
}
