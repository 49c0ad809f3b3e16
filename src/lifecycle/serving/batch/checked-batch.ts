import type { StreamedRows } from '#platform/tables/index'
import type { RowBatch } from '../model-runtime-point.ts'
import type { FieldColumn } from './model-columns.ts'

/** Rows for the model, and why some of them must not have a score. */
export interface CheckedBatch {
  readonly batch: RowBatch
  /** By row of the batch. */
  readonly refused: ReadonlyMap<number, string>
}

const ranges: Partial<Record<FieldColumn['type'], readonly [number, number]>> = {
  integer: [-2_147_483_648, 2_147_483_647],
  boolean: [0, 1],
}

/**
 * Joins streamed rows into one batch in the signature's order, and checks every value as an endpoint does. A row that is
 * refused goes along with harmless values: its neighbours keep their places, and its scores are thrown away.
 */
export function checkedBatch(fields: readonly FieldColumn[], pieces: readonly StreamedRows[]): CheckedBatch {
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0)
  const numeric = fields.filter(({ type }) => type !== 'string')
  const numbers = new Float64Array(numeric.length * rows)
  const texts: string[][] = []
  const longs = new Map<number, BigInt64Array>()
  const refused = new Map<number, string>()
  const refuse = (row: number, reason: string): void => {
    if (!refused.has(row)) refused.set(row, reason)
  }
  let numberPlace = 0
  let textPlace = 0
  let column = 0
  for (const field of fields) {
    if (field.type === 'string') {
      const place = field.wanted === undefined ? undefined : textPlace++
      const values = textOf(pieces, place, rows)
      texts.push(values.map((value) => value ?? ''))
      if (field.required)
        for (const [row, value] of values.entries()) if (value === null) refuse(row, missing(field))
      continue
    }
    const values = numbers.subarray(column * rows, (column + 1) * rows)
    if (field.wanted === undefined) values.fill(Number.NaN)
    else {
      let offset = 0
      for (const piece of pieces) {
        values.set(piece.numbers[numberPlace] as Float64Array, offset)
        offset += piece.rows
      }
      const exact = longsOf(pieces, numberPlace, rows)
      if (exact !== undefined && field.type === 'long') longs.set(column, exact)
      numberPlace++
    }
    checkNumbers(field, values, refuse)
    column++
  }
  return { batch: { rows, numbers, texts, ...(longs.size === 0 ? {} : { longs }) }, refused }
}

function checkNumbers(
  field: FieldColumn,
  values: Float64Array,
  refuse: (row: number, reason: string) => void,
): void {
  const { type, required, name } = field
  const whole = type === 'integer' || type === 'long' || type === 'boolean'
  if (!whole && !required) return
  const [low, high] = ranges[type] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number
    if (Number.isNaN(value)) {
      if (required) refuse(row, missing(field))
      else continue
    } else if (!whole || (Number.isInteger(value) && value >= low && value <= high)) continue
    else refuse(row, `${name} is ${value}, which is no ${type}`)
    values[row] = 0
  }
}

function missing({ name }: FieldColumn): string {
  return `${name} is missing`
}

function textOf(pieces: readonly StreamedRows[], place: number | undefined, rows: number): (string | null)[] {
  if (place === undefined) return Array.from({ length: rows }, () => null)
  return pieces.flatMap((piece) => piece.texts[place] ?? [])
}

function longsOf(pieces: readonly StreamedRows[], place: number, rows: number): BigInt64Array | undefined {
  if (!pieces.some((piece) => piece.longs.has(place))) return undefined
  const exact = new BigInt64Array(rows)
  let offset = 0
  for (const piece of pieces) {
    const values = piece.longs.get(place)
    if (values !== undefined) exact.set(values, offset)
    else
      for (const [row, value] of (piece.numbers[place] as Float64Array).entries())
        exact[offset + row] = BigInt(Number.isNaN(value) ? 0 : value)
    offset += piece.rows
  }
  return exact
}
