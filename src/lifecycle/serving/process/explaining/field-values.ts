import type { RowBatch } from '../../model-runtime-point.ts'
import { blockStart, type SchemaField } from '../rows/row-schema.ts'

export type FieldValue = string | number | boolean | null

/** Of a `Date`, in epoch milliseconds. */
const latestTime = 8.64e15

/** The value of a field as a client would write it: null when it is missing. */
export function fieldValue(batch: RowBatch, field: SchemaField, row: number): FieldValue {
  if (field.type === 'string') return batch.texts[field.column]?.[row] || null
  return shownNumber(field, batch.numbers[blockStart(field, batch.rows) + row] as number)
}

export function shownNumber({ type }: Pick<SchemaField, 'type'>, value: number): FieldValue {
  if (Number.isNaN(value)) return null
  if (type === 'boolean') return value !== 0
  if (type === 'datetime' && Math.abs(value) <= latestTime) return new Date(value).toISOString()
  return value
}

const words = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 })

/** For people: `2,475`, `ATL`, `2026-05-01 09:30`, `missing`. */
export function valueWords(value: FieldValue, { type }: Pick<SchemaField, 'type'>): string {
  if (value === null) return 'missing'
  if (type === 'datetime')
    return String(value)
      .replace('T', ' ')
      .replace(/(?::00)?\.000Z$/, '')
  return typeof value === 'number' ? numberWords(value) : String(value)
}

export function numberWords(value: number): string {
  return words.format(value)
}
