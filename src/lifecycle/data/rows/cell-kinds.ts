import type { TextColumnPlan } from './write-parquet.ts'

export type SheetCell = string | number | boolean | Date | null

type Kind = 'number' | 'text' | 'boolean' | 'date'

/** What the cells of a column are: in a sheet every one may be of another kind. */
export class CellKinds {
  readonly #first = new Map<Kind, number>()
  #hasFraction = false
  #hasTime = false

  textOf(cell: SheetCell, row: number): string | null {
    if (cell === null) return null
    const kind =
      cell instanceof Date
        ? 'date'
        : typeof cell === 'string'
          ? 'text'
          : (typeof cell as 'number' | 'boolean')
    if (!this.#first.has(kind)) this.#first.set(kind, row)
    if (cell instanceof Date) {
      const text = cell.toISOString()
      if (!text.endsWith('T00:00:00.000Z')) this.#hasTime = true
      return text.replace('T', ' ').replace(/(?:\.000)?Z$/, '')
    }
    if (typeof cell === 'number' && !Number.isSafeInteger(cell)) this.#hasFraction = true
    return String(cell)
  }

  planOf(name: string): TextColumnPlan {
    const [kind, ...others] = this.#first.keys()
    const sqlType =
      kind === undefined || kind === 'text' || others.length > 0
        ? 'VARCHAR'
        : kind === 'number'
          ? this.#hasFraction
            ? 'DOUBLE'
            : 'BIGINT'
          : kind === 'boolean'
            ? 'BOOLEAN'
            : this.#hasTime
              ? 'TIMESTAMP'
              : 'DATE'
    return { name, sqlType, form: 'text' }
  }

  mixture(column: string): string[] {
    if (this.#first.size < 2) return []
    const told = [...this.#first].map(([kind, row]) => `${kind} (first in row ${row})`)
    return [`${column} mixes ${told.join(', ')}; all are read as text`]
  }
}
