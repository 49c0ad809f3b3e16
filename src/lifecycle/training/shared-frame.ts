import type { Column, Frame } from '#platform/tables/frame'

/** The named columns on memory that threads share; columns that are there already are not copied. */
export function shareFrame(frame: Frame, names: readonly string[]): Frame {
  const columns: Record<string, Column> = {}
  for (const name of names) {
    const column = Object.hasOwn(frame.columns, name) ? frame.columns[name] : undefined
    // A column that is missing is reported where the table is read, by name.
    if (column !== undefined) columns[name] = shareColumn(column)
  }
  return { rows: frame.rows, columns }
}

function shareColumn(column: Column): Column {
  if (column.kind === 'number') {
    if (column.values.buffer instanceof SharedArrayBuffer) return column
    const values = new Float64Array(new SharedArrayBuffer(column.values.byteLength))
    values.set(column.values)
    return { ...column, values }
  }
  if (column.codes.buffer instanceof SharedArrayBuffer) return column
  const codes = new Int32Array(new SharedArrayBuffer(column.codes.byteLength))
  codes.set(column.codes)
  return { ...column, codes }
}
