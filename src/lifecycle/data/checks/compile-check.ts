import { compileDistributions } from './compile/distribution-checks.ts'
import type { CompilersOf } from './compile/compilers.ts'
import { integrityChecks } from './compile/integrity-checks.ts'
import { keyChecks } from './compile/key-checks.ts'
import { pairChecks } from './compile/pair-checks.ts'
import { rowChecks } from './compile/row-checks.ts'
import { tableChecks } from './compile/table-checks.ts'
import { textChecks } from './compile/text-checks.ts'
import { valueChecks } from './compile/value-checks.ts'
import { NothingBefore, Uncheckable, type CompiledCheck, type TableContext } from './compiled-check.ts'
import type { Check, CheckKind } from './expectation.ts'

export type TableCheck = Exclude<Check, { kind: 'schema' }>

const compilers: CompilersOf<Exclude<CheckKind, 'schema'>> = {
  ...tableChecks,
  ...rowChecks,
  ...textChecks,
  ...keyChecks,
  ...pairChecks,
  ...valueChecks,
  ...compileDistributions,
  ...integrityChecks,
}

/** The rows that checks are about, before a check's own condition. */
export type CheckedTable = Pick<TableContext, 'columns' | 'now' | 'referenced'>

/** A check and what became of it. */
export interface PreparedCheck {
  readonly check: TableCheck
  readonly context: TableContext
  readonly compiled: CompiledCheck
}

export function compileCheck(check: TableCheck, table: CheckedTable): PreparedCheck {
  const context = contextOf(check, table)
  const compile = compilers[check.kind] as (check: TableCheck, context: TableContext) => CompiledCheck
  try {
    return { check, context, compiled: compile(check, context) }
  } catch (error) {
    if (!(error instanceof Uncheckable)) throw error
    if (error instanceof NothingBefore) {
      return {
        check,
        context,
        compiled: { shape: 'settled', judgement: { outcome: 'pass', found: error.message } },
      }
    }
    return { check, context, compiled: { shape: 'error', reason: error.message } }
  }
}

function contextOf({ where }: TableCheck, table: CheckedTable): TableContext {
  if (where === undefined) {
    return { ...table, rows: 'arrival', allRows: 'all_rows', where: 'true', filter: '' }
  }
  const condition = conditionOf(where)
  return {
    ...table,
    rows: `(SELECT * FROM arrival WHERE ${condition})`,
    allRows: `(SELECT * FROM all_rows WHERE ${condition})`,
    where: condition,
    filter: ` FILTER (WHERE ${condition})`,
  }
}

/** The line feed ends a comment that the condition may end with. */
function conditionOf(where: string): string {
  return `coalesce((${where}\n), false)`
}
