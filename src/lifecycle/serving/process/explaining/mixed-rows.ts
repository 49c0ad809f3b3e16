import type { RowBatch } from '../../model-runtime-point.ts'
import { openBatch, type OpenBatch, type RowSchema } from '../rows/row-schema.ts'

/** A row that has some fields of one row and the rest of another. */
export interface MixedRow {
  readonly row: number
  readonly other: number
  /** By field in the order of the schema: 1 takes the value of `row`. */
  readonly own: Uint8Array
}

export interface MixedFrom {
  readonly rows: RowBatch
  readonly others: RowBatch
}

/** Fields with a shape are not mixed: models that take them are not explained. */
export function mixRows(
  schema: RowSchema,
  { rows, others }: MixedFrom,
  mixed: readonly MixedRow[],
): OpenBatch {
  const batch = openBatch(schema, mixed.length)
  for (const [place, { type, column, start }] of schema.fields.entries()) {
    if (type === 'string') {
      const [own, other] = [rows.texts[column] ?? [], others.texts[column] ?? []]
      const texts = batch.texts[column] as string[]
      for (let i = 0; i < mixed.length; i++) {
        const { row, other: second, own: takes } = mixed[i] as MixedRow
        texts[i] = (takes[place] === 1 ? own[row] : other[second]) ?? ''
      }
      continue
    }
    const begin = start * mixed.length
    for (let i = 0; i < mixed.length; i++) {
      const { row, other, own } = mixed[i] as MixedRow
      batch.numbers[begin + i] = (
        own[place] === 1 ? rows.numbers[start * rows.rows + row] : others.numbers[start * others.rows + other]
      ) as number
    }
  }
  return batch
}

/** The same rows in memory of their own: scoring may move the numbers to another thread. */
export function copyBatch(batch: RowBatch): RowBatch {
  return { ...batch, numbers: batch.numbers.slice() }
}
