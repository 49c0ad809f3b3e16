import { fail } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { nearestName } from '#platform/nearest-name'
import type { RowBatch } from '../../model-runtime-point.ts'
import type { SignatureInput } from '../../plan.ts'
import { readNumber } from './cell-value.ts'

/** A signature prepared for reading: where each field goes in a {@link RowBatch}. */
export interface RowSchema {
  readonly fields: readonly SchemaField[]
  readonly byName: ReadonlyMap<string, SchemaField>
  readonly numberColumns: number
  readonly textColumns: number
}

export interface SchemaField extends SignatureInput {
  /** Among the text columns for text, among the number columns for everything else. */
  readonly column: number
}

/** A batch while it is being filled. */
export interface OpenBatch extends RowBatch {
  readonly texts: readonly string[][]
}

/** Names a place of the request in errors; called only when something is wrong. */
export type Place = (row: number, field: string) => string

export function rowSchema(signature: ModelSignature): RowSchema {
  let numberColumns = 0
  let textColumns = 0
  const fields = signature.inputs.map((field): SchemaField => ({
    ...field,
    column: field.type === 'string' ? textColumns++ : numberColumns++,
  }))
  return { fields, byName: new Map(fields.map((field) => [field.name, field])), numberColumns, textColumns }
}

export function openBatch(schema: RowSchema, rows: number): OpenBatch {
  return {
    rows,
    numbers: new Float64Array(rows * schema.numberColumns),
    texts: Array.from({ length: schema.textColumns }, () => Array.from({ length: rows }, () => '')),
  }
}

/** Checks one JSON value against its field and stores it. */
export function writeCell(
  batch: OpenBatch,
  cell: { field: SchemaField; row: number; value: unknown },
  place: Place,
): void {
  const { field, row, value } = cell
  if (value === null || value === undefined) {
    if (field.required) failMissing(field, place(row, field.name))
    if (field.type !== 'string') batch.numbers[field.column * batch.rows + row] = Number.NaN
    return
  }
  if (field.type === 'string') {
    if (typeof value !== 'string')
      failCell(field, value, { at: place(row, field.name), expected: 'text is expected' })
    ;(batch.texts[field.column] as string[])[row] = value
    return
  }
  const read = readNumber(field.type, value)
  if (typeof read === 'string') failCell(field, value, { at: place(row, field.name), expected: read })
  batch.numbers[field.column * batch.rows + row] = read
}

/**
 * Reads rows written as objects. Fields that the signature does not have are refused with the nearest name that it has, or
 * passed over where the protocol says so.
 */
export function batchFromRecords(
  schema: RowSchema,
  records: readonly unknown[],
  options: { readonly unknownFields: 'refuse' | 'ignore'; readonly place: Place },
): OpenBatch {
  const batch = openBatch(schema, records.length)
  for (let row = 0; row < records.length; row++) {
    const record = records[row]
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      fail(
        'invalid_input',
        `${options.place(row, '')} is ${describe(record)}; an object with one value per field is expected.`,
        {
          at: options.place(row, ''),
        },
      )
    }
    let present = 0
    for (const field of schema.fields) {
      const value = ownValue(record, field.name)
      if (value !== undefined) present++
      writeCell(batch, { field, row, value }, options.place)
    }
    if (options.unknownFields === 'refuse' && present !== Object.keys(record).length) {
      refuseUnknown(schema, Object.keys(record), (name) => options.place(row, name))
    }
  }
  return batch
}

/** Fails for the first name that is not in the signature. */
export function refuseUnknown(
  schema: RowSchema,
  names: readonly string[],
  place: (name: string) => string,
): void {
  const unknown = names.find((name) => !schema.byName.has(name))
  if (unknown === undefined) return
  const nearest = nearestName(unknown, [...schema.byName.keys()])
  fail('invalid_input', `${place(unknown)}: the model has no field "${clip(unknown)}".`, {
    at: place(unknown),
    hint:
      nearest === undefined
        ? `Its fields are ${schema.fields.map((field) => field.name).join(', ')}.`
        : `Did you mean "${nearest}"?`,
  })
}

export function failMissing(field: SignatureInput, at: string): never {
  return fail('invalid_input', `${at} is missing; the model requires it as ${withArticle(field.type)}.`, {
    at,
  })
}

export function failCell(
  field: SignatureInput,
  value: unknown,
  detail: { at: string; expected: string },
): never {
  return fail(
    'invalid_input',
    `${detail.at} is ${describe(value)}, but the field is ${withArticle(field.type)}: ${detail.expected}.`,
    {
      at: detail.at,
    },
  )
}

export function describe(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `the text ${JSON.stringify(clip(value))}`
  if (typeof value === 'object') return 'an object'
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`
}

function withArticle(type: SignatureInput['type']): string {
  return type === 'integer' ? 'an integer' : `a ${type}`
}

export function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** Own properties only: a field may be called "constructor", and then a row without it must not find the inherited one. */
function ownValue(record: object, name: string): unknown {
  const value: unknown = (record as Readonly<Record<string, unknown>>)[name]
  if (typeof value !== 'function' && typeof value !== 'object') return value
  return Object.hasOwn(record, name) ? value : undefined
}
