import { fail } from '#contract/errors'
import type { RowBatch } from '../../model-runtime-point.ts'
import { blockStart, openBatch, type RowSchema, type SchemaField } from '../rows/row-schema.ts'

/** Makes rows that were read for one model into rows for another; undefined: they are the same as they are. */
export type BatchConversion = ((batch: RowBatch) => RowBatch) | undefined

/**
 * How a batch of one schema becomes one of another: fields by their names, what is optional and not there is missing.
 * Fails with `conflict` when a required field is not there or of another kind.
 */
export function batchConversion(from: RowSchema, to: RowSchema): BatchConversion {
  const isSame =
    from.fields.length === to.fields.length &&
    from.fields.every(
      (field, index) => isAlike(field, to.fields[index]) && field.name === to.fields[index]?.name,
    )
  if (isSame) return undefined
  const pairs = to.fields.map((field) => {
    const source = from.byName.get(field.name)
    if (source !== undefined && isAlike(source, field)) return { field, source }
    if (source === undefined && !field.required) return { field, source: undefined }
    return fail(
      'conflict',
      source === undefined
        ? `it needs "${field.name}", which requests do not have`
        : `it takes "${field.name}" as ${field.type}, and requests have it as ${source.type}`,
    )
  })
  return (batch) => {
    const made = openBatch(to, batch.rows)
    for (const { field, source } of pairs) copyField(batch, made, { field, source })
    return made
  }
}

function isAlike(left: SchemaField, right: SchemaField | undefined): boolean {
  return (
    right !== undefined &&
    (left.type === 'string') === (right.type === 'string') &&
    left.width === right.width
  )
}

function copyField(
  batch: RowBatch,
  made: ReturnType<typeof openBatch>,
  { field, source }: { readonly field: SchemaField; readonly source: SchemaField | undefined },
): void {
  const count = batch.rows * field.width
  if (field.type === 'string') {
    if (source === undefined) return
    const texts = batch.texts[source.column] as readonly string[]
    const target = made.texts[field.column] as string[]
    for (let i = 0; i < count; i++) target[i] = texts[i] as string
    return
  }
  const start = blockStart(field, batch.rows)
  if (source === undefined) {
    made.numbers.fill(Number.NaN, start, start + count)
    return
  }
  const begin = blockStart(source, batch.rows)
  made.numbers.set(batch.numbers.subarray(begin, begin + count), start)
  const exact = batch.longs?.get(source.column)
  if (exact !== undefined) (made.longs ??= new Map()).set(field.column, exact)
}
