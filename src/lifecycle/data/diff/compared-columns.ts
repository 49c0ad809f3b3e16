import { fail } from '#contract/errors'
import { quoteName } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'

/** One side: an expression that stands after FROM, and the columns that it gives. */
export interface RowSide {
  readonly relation: string
  readonly columns: readonly Column[]
  readonly rows: number
}

export interface RowDiffRequest {
  readonly from: RowSide
  readonly to: RowSide
  /** Empty: whole rows are compared as a multiset. */
  readonly key: readonly string[]
}

/** A column of both sides and how it is compared. */
export interface Compared {
  readonly name: string
  readonly index: number
  readonly left: string
  readonly right: string
}

export function splitColumns(
  { key }: Pick<RowDiffRequest, 'key'>,
  compared: readonly Compared[],
): { keys: Compared[]; values: Compared[] } {
  return {
    keys: compared.filter(({ name }) => key.includes(name)),
    values: compared.filter(({ name }) => !key.includes(name)),
  }
}

/** @throws invalid_input when a side lacks a column of the key. */
export function requireKey({ from, to, key }: RowDiffRequest): void {
  for (const name of key) {
    const lacks = [from, to].some(({ columns }) => !columns.some((column) => column.name === name))
    if (!lacks) continue
    fail('invalid_input', `There is no column "${name}" on both sides, so it cannot be a key.`, {
      hint: `Columns: ${from.columns.map((column) => column.name).join(', ')}`,
      at: 'key',
    })
  }
}

/** Columns that both sides have, by name. */
export function comparedColumns({ from, to }: RowDiffRequest): Compared[] {
  const right = new Map(to.columns.map((column) => [column.name, column]))
  return from.columns.flatMap((column, position) => {
    const other = right.get(column.name)
    if (other === undefined) return []
    const name = quoteName(column.name)
    const type = commonType(column, other)
    const value = type === undefined ? name : `CAST(${name} AS ${type})`
    return [{ name: column.name, index: position, left: value, right: value }]
  })
}

/** Undefined: they are compared as they are. */
function commonType(left: Column, right: Column): string | undefined {
  if (left.sqlType === right.sqlType) return undefined
  const types = new Set([left.type, right.type])
  const areAll = (...names: readonly Column['type'][]): boolean =>
    [...types].every((type) => names.includes(type))
  if (areAll('integer')) return 'HUGEINT'
  if (areAll('integer', 'number')) return 'DOUBLE'
  if (areAll('date', 'timestamp')) return 'TIMESTAMP'
  return 'VARCHAR'
}
