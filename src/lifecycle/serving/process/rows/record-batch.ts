import { fail } from '#contract/errors'
import { readNumber } from './cell-value.ts'
import { describe, failCell, failMissing, refuseUnknown } from './field-error.ts'
import {
  blockStart,
  exactLongs,
  openBatch,
  type OpenBatch,
  type RowSchema,
  type SchemaField,
} from './row-schema.ts'
import { nestedValues } from './shape.ts'

/** Names a place of the request in errors; called only when something is wrong. */
export type Place = (row: number, field: string) => string

interface Cell {
  readonly field: SchemaField
  readonly row: number
  readonly value: unknown
}

/**
 * Reads rows written as objects. Fields that the signature does not have are refused with the nearest name that it has, or
 * passed over where the protocol says so. The value of a field with a shape is a list, nested or flat.
 */
export function batchFromRecords(
  schema: RowSchema,
  records: readonly unknown[],
  options: { readonly unknownFields: 'refuse' | 'ignore'; readonly place: Place },
): OpenBatch {
  const batch = openBatch(schema, records.length)
  const { fields } = schema
  for (let row = 0; row < records.length; row++) {
    const record = records[row]
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      const at = options.place(row, '')
      fail('invalid_input', `${at} is ${describe(record)}; an object with one value per field is expected.`, {
        at,
      })
    }
    let present = 0
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index] as SchemaField
      const value = ownValue(record, field.name)
      if (value !== undefined) present++
      // The common case without a call and without objects for it.
      if (typeof value === 'number' && value < field.plainLimit && value > -field.plainLimit) {
        batch.numbers[field.start * batch.rows + row] = value
        continue
      }
      writeCell(batch, { field, row, value }, options.place)
    }
    if (options.unknownFields === 'refuse' && present !== Object.keys(record).length) {
      refuseUnknown(schema, Object.keys(record), (name) => options.place(row, name))
    }
  }
  return batch
}

/** Checks one JSON value against its field and stores it. */
function writeCell(batch: OpenBatch, cell: Cell, place: Place): void {
  const { field, row, value } = cell
  if (field.shape !== undefined) return writeTensorCell(batch, cell, place)
  if (value === null || value === undefined) {
    if (field.required) failMissing(field, place(row, field.name))
    if (field.type !== 'string') batch.numbers[blockStart(field, batch.rows) + row] = Number.NaN
    return
  }
  writeValue(batch, { field, index: row, value }, () => place(row, field.name))
}

function writeTensorCell(batch: OpenBatch, { field, row, value }: Cell, place: Place): void {
  const { width, shape = [] } = field
  if (value === null || value === undefined) {
    if (field.required) failMissing(field, place(row, field.name))
    const start = blockStart(field, batch.rows) + row * width
    if (field.type !== 'string') batch.numbers.fill(Number.NaN, start, start + width)
    return
  }
  const values = nestedValues(value, shape, place(row, field.name))
  for (let i = 0; i < width; i++) {
    writeValue(
      batch,
      { field, index: row * width + i, value: values[i] },
      () => `${place(row, field.name)}[${i}]`,
    )
  }
}

/** Checks a value that is there and stores it as value `index` of its field's block. */
export function writeValue(
  batch: OpenBatch,
  { field, index, value }: { readonly field: SchemaField; readonly index: number; readonly value: unknown },
  place: () => string,
): void {
  if (field.type === 'string') {
    if (typeof value !== 'string') failCell(field, value, { at: place(), expected: 'text is expected' })
    ;(batch.texts[field.column] as string[])[index] = value
    return
  }
  const read = readNumber(field.type, value)
  if (typeof read === 'number') {
    batch.numbers[blockStart(field, batch.rows) + index] = read
    const exact = field.type === 'long' ? batch.longs?.get(field.column) : undefined
    if (exact !== undefined) exact[index] = BigInt(read)
    return
  }
  if (typeof read === 'string') failCell(field, value, { at: place(), expected: read })
  exactLongs(batch, field)[index] = read
  batch.numbers[blockStart(field, batch.rows) + index] = Number(read)
}

/** Own properties only: a field may be called "constructor", and then a row without it must not find the inherited one. */
function ownValue(record: object, name: string): unknown {
  const value: unknown = (record as Readonly<Record<string, unknown>>)[name]
  if (typeof value !== 'function' && typeof value !== 'object') return value
  return Object.hasOwn(record, name) ? value : undefined
}
