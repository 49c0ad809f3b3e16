import { quoteName, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'

/** A table that leaks are looked for in. */
export interface LeakTable {
  readonly name: string
  /** After FROM. */
  readonly relation: string
  readonly rows: number
  readonly columns: readonly Column[]
}

export interface LeakContext {
  readonly tables: Tables
  readonly train: LeakTable
  readonly test: LeakTable | undefined
  readonly label: Column
  /** Columns of the training rows that a model would be given. */
  readonly features: readonly Column[]
  readonly time: string | undefined
  readonly key: readonly string[]
  /** Columns whose values may not be told. */
  readonly isMasked: (column: string) => boolean
}

/** Columns that both tables have, by name. */
export function commonColumns(context: LeakContext, columns: readonly Column[]): readonly Column[] {
  const names = new Set(context.test?.columns.map(({ name }) => name))
  return columns.filter(({ name }) => names.has(name))
}

/** Several columns as one hash, the same on both sides however a side spells a type; two rows in 2^64 may share one. */
export function rowHash(columns: readonly Column[]): string {
  return `hash(${columns.map(({ name }) => `CAST(${quoteName(name)} AS VARCHAR)`).join(', ')})`
}

export function isNumber({ type }: Column): boolean {
  return type === 'integer' || type === 'number'
}

export function shareText(part: number, whole: number): string {
  const share = whole === 0 ? 0 : (100 * part) / whole
  return `${share > 0 && share < 0.01 ? 'less than 0.01' : Number(share.toPrecision(3))} %`
}
