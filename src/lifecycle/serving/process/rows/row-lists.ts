import { fail } from '#contract/errors'
import type { RowSchema } from './row-schema.ts'

/**
 * Rows written as objects, as lists in the order of the signature, or bare: one value, or one tensor, when the signature has
 * a single field.
 */
export function recordsOfRows(rows: readonly unknown[], schema: RowSchema, at: string): readonly unknown[] {
  const [only] = schema.fields
  const names = schema.fields.map((field) => field.name)
  if (names.length === 1 && only !== undefined) {
    return rows.map((row) => (isRecord(row) ? row : { [only.name]: onlyValue(row, only.shape) }))
  }
  return rows.map((row, index) => (isRecord(row) ? row : positionalRecord(row, names, `${at}[${index}]`)))
}

/** A list of one value is the value, where the field has no shape that says that it is a list. */
function onlyValue(row: unknown, shape: readonly number[] | undefined): unknown {
  return shape === undefined && Array.isArray(row) && row.length === 1 ? row[0] : row
}

function isRecord(row: unknown): row is object {
  return typeof row === 'object' && row !== null && !Array.isArray(row)
}

export function positionalRecord(row: unknown, names: readonly string[], at: string): unknown {
  if (!Array.isArray(row) || row.length !== names.length) {
    const found = Array.isArray(row) ? `${row.length} values` : 'no list'
    return fail('invalid_input', `${at} has ${found}; ${names.length} are expected, one per column.`, { at })
  }
  return Object.fromEntries(names.map((name, index) => [name, row[index] as unknown]))
}
