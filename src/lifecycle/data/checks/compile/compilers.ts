import type { CompiledCheck, TableContext } from '../compiled-check.ts'
import type { CheckKind, CheckOf } from '../expectation.ts'

/** How each kind of check becomes SQL. */
export type CompilersOf<Kinds extends CheckKind> = {
  readonly [Kind in Kinds]: (check: CheckOf<Kind>, context: TableContext) => CompiledCheck
}
