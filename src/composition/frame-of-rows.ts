import type { Column, Frame } from '#platform/tables/index'

type Row = Readonly<Record<string, unknown>>

/** Logged inputs, row by row, as the columns that a scorer takes. */
export function frameOfRows(
  inputs: readonly { readonly name: string; readonly type: string }[],
  rows: readonly Row[],
): Frame {
  const columns = inputs.map(({ name, type }): [string, Column] => [
    name,
    type === 'string'
      ? categories(name, rows)
      : { kind: 'number', values: Float64Array.from(rows, (row) => numberOf(row[name])) },
  ])
  return { rows: rows.length, columns: Object.fromEntries(columns) }
}

function categories(name: string, rows: readonly Row[]): Column {
  const codeOf = new Map<string, number>()
  const codes = Int32Array.from(rows, (row) => {
    const text = row[name]
    if (typeof text !== 'string' || text === '') return -1
    const known = codeOf.get(text)
    if (known !== undefined) return known
    codeOf.set(text, codeOf.size)
    return codeOf.size - 1
  })
  return { kind: 'category', codes, levels: [...codeOf.keys()] }
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}
