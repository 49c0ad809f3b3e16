import { fail } from '#contract/errors'
import { tensorFromBytes, textOf } from './binary-tensor.ts'
import { datatypeBytes, datatypeOf } from './datatype.ts'
import type { RowSchema, SchemaField } from './row-schema.ts'
import type { Tensor } from './tensor.ts'

/**
 * A body that is nothing but the values of the only input (`Inference-Header-Content-Length: 0`): as many rows as the bytes
 * have room for, or one text, which has no length before it then.
 */
export function tensorFromRawBody(schema: RowSchema, bytes: Buffer): Tensor {
  const [field] = schema.fields as readonly [SchemaField, ...SchemaField[]]
  if (schema.fields.length !== 1) {
    fail(
      'invalid_input',
      `A body without a JSON header is read for models with one input; this one has ${schema.fields.length}.`,
      { at: 'header inference-header-content-length' },
    )
  }
  const header = { name: field.name, datatype: datatypeOf[field.type], at: 'The body' }
  const size = datatypeBytes[header.datatype]
  const shapeOf = (rows: number): readonly number[] => [rows, ...(field.shape ?? [])]
  if (size === undefined) {
    if (field.width === 1) return { ...header, shape: shapeOf(1), values: [textOf(bytes, 0, header.at)] }
    return fail(
      'invalid_input',
      `"${field.name}" has ${field.width} texts per row; a body without a JSON header has one.`,
    )
  }
  const rows = bytes.length / (size * field.width)
  if (Number.isInteger(rows) && rows > 0) return tensorFromBytes({ ...header, shape: shapeOf(rows), bytes })
  return fail(
    'invalid_input',
    `The body has ${bytes.length} bytes; a multiple of ${size * field.width} is expected, ${field.width} × ${header.datatype} a row.`,
  )
}
