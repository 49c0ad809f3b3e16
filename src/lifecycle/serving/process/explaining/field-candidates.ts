import type { RowBatch } from '../../model-runtime-point.ts'
import { blockStart, type SchemaField } from '../rows/row-schema.ts'
import type { ModelAtHand } from './explain-rows.ts'

/** Values that a field may be given instead. */
export interface FieldCandidates {
  readonly place: number
  readonly field: SchemaField
  readonly values: readonly { readonly value: number | string; readonly distance: number }[]
}

/** Of a number that nothing is known of. */
const shares = [-2, -1, 0, 0.5, 0.8, 0.9, 1.1, 1.25, 1.5, 2, 3] as const

/**
 * For trees the values on both sides of their thresholds, and what the examples of the model hold; of numbers of which neither
 * tells anything, parts and multiples of the row's own.
 */
export function candidatesOf(
  { schema, batch, explainer, examples }: ModelAtHand,
  row: number,
): readonly FieldCandidates[] {
  const known = explainer?.candidates()
  return schema.fields.flatMap((field, place): FieldCandidates[] => {
    const bounds = known?.get(place) ?? []
    if (field.type === 'string') {
      const now = batch.texts[field.column]?.[row] ?? ''
      const texts = [...bounds.filter((value) => typeof value === 'string'), ...textsOf(examples, field)]
      const values = [...new Set(texts)].filter((value) => value !== now && value !== '')
      return [{ place, field, values: values.map((value) => ({ value, distance: 1 })) }]
    }
    const now = batch.numbers[blockStart(field, batch.rows) + row] as number
    const numbers = [
      ...bounds.filter((value) => typeof value === 'number').flatMap((bound) => besides(field, bound)),
      ...numbersOf(examples, field),
    ]
    if (field.type === 'boolean') numbers.push(0, 1)
    else if (numbers.length === 0 && !Number.isNaN(now))
      numbers.push(...shares.map((share) => rounded(field, now === 0 ? share : now * share)))
    const values = [...new Set(numbers)].filter((value) => value !== now && Number.isFinite(value))
    const range = Math.max(...values, now || 0) - Math.min(...values, now || 0)
    return [
      {
        place,
        field,
        values: values.map((value) => ({
          value,
          distance: Number.isNaN(now) || range === 0 ? 1 : Math.abs(value - now) / range,
        })),
      },
    ]
  })
}

/** Nearest to a threshold on both sides, as the type of the field can be. */
function besides({ type }: SchemaField, bound: number): number[] {
  if (type === 'float' || type === 'double') {
    const step = Math.max(Math.abs(bound) * 1e-6, 1e-6)
    return [bound - step, bound + step]
  }
  return [Math.ceil(bound) - 1, Math.floor(bound), Math.floor(bound) + 1]
}

function rounded({ type }: SchemaField, value: number): number {
  return type === 'float' || type === 'double' ? value : Math.round(value)
}

function numbersOf(examples: RowBatch | undefined, field: SchemaField): number[] {
  if (examples === undefined) return []
  const begin = blockStart(field, examples.rows)
  return [...examples.numbers.subarray(begin, begin + examples.rows)]
}

function textsOf(examples: RowBatch | undefined, field: SchemaField): readonly string[] {
  return examples?.texts[field.column]?.slice(0, examples.rows) ?? []
}
