import { quoteName } from '#platform/tables/index'
import type { TypeMismatch } from '../sources/arriving-file.ts'
import {
  readableAs,
  sqlTypeOf,
  type Column,
  type ColumnType,
  type DeclaredType,
} from '../rows/column-type.ts'
import type { LoadedArrival } from '../rows/load-arrival.ts'
import type { SchemaContract } from './schema-contract.ts'

/** Rows that the contract keeps out, as a condition on `arrival`. */
export interface RowRule {
  readonly column: string
  readonly rule: string
  readonly condition: string
  /** Whether the arrival has the column at all. */
  readonly isThere: boolean
}

export interface AppliedContract {
  /** Of the rows that are taken. */
  readonly columns: readonly Column[]
  /** What is still to be judged. */
  readonly mismatches: readonly TypeMismatch[]
  readonly warnings: readonly string[]
  readonly rules: readonly RowRule[]
  /** What the columns are compared with afterwards. */
  readonly parent: KnownColumns | undefined
}

export interface KnownColumns {
  readonly version: number
  readonly columns: readonly Column[]
}

interface Applying {
  readonly contract: SchemaContract
  /** The columns that the dataset has; undefined for the first version. */
  readonly before: KnownColumns | undefined
  /** Types that the project itself lists. */
  readonly declared: ReadonlyMap<string, ColumnType>
  readonly loaded: LoadedArrival
}

/** What an arrival with other columns, or other types, comes to under a contract. */
export function applyContract({ contract, before, declared, loaded }: Applying): AppliedContract {
  const warnings: string[] = []
  const rules: RowRule[] = []
  const known = new Map((before?.columns ?? []).map((column) => [column.name, column]))
  const columns = new Map(loaded.columns.map((column) => [column.name, column]))
  const expected = new Map(known)
  const settled = new Set<string>()

  for (const mismatch of loaded.mismatches) {
    const column = columns.get(mismatch.column)
    if (column === undefined || settled.has(mismatch.column)) continue
    const was = known.get(mismatch.column)
    if (contract.types === 'evolve' && was !== undefined && !declared.has(column.name)) {
      settled.add(column.name)
      expected.set(column.name, column)
      warnings.push(`column "${column.name}" was ${was.type} and holds ${column.type} now`)
    }
    if (contract.types !== 'quarantine' || !isDeclarable(mismatch.expected)) continue
    settled.add(column.name)
    const sqlType = was?.type === mismatch.expected ? was.sqlType : sqlTypeOf(mismatch.expected)
    columns.set(column.name, { name: column.name, type: mismatch.expected, sqlType })
    rules.push(clashRule(column.name, mismatch.expected))
  }

  if (before !== undefined) {
    for (const { name, type } of loaded.columns) {
      if (known.has(name) || declared.has(name) || contract.columns === 'freeze') continue
      if (contract.columns === 'evolve') {
        expected.set(name, columns.get(name) as Column)
        warnings.push(`column "${name}" (${type}) is new`)
      } else {
        columns.delete(name)
        const condition = `${quoteName(name)} IS NOT NULL`
        rules.push({ column: name, rule: 'the contract has no such column', condition, isThere: true })
      }
    }
    for (const { name } of before.columns) {
      if (columns.has(name) || contract.columns === 'freeze') continue
      expected.delete(name)
      if (contract.columns === 'evolve') warnings.push(`column "${name}" is missing and reads as empty`)
      else rules.push({ column: name, rule: 'the column is missing', condition: 'true', isThere: false })
    }
  }
  return {
    columns: [...columns.values()],
    mismatches: loaded.mismatches.filter(({ column }) => !settled.has(column)),
    warnings,
    rules,
    parent: before === undefined ? undefined : { version: before.version, columns: [...expected.values()] },
  }
}

function clashRule(column: string, type: DeclaredType): RowRule {
  const name = quoteName(column)
  const condition = `${name} IS NOT NULL AND NOT (${readableAs(type, `CAST(${name} AS VARCHAR)`)})`
  return { column, rule: `the value is no ${type}`, condition, isThere: true }
}

function isDeclarable(type: ColumnType): type is DeclaredType {
  return type !== 'other' && type !== 'unknown'
}
