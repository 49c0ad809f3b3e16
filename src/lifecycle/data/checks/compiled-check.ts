import type { Cell, Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import type { TableReference } from './forms/form-parts.ts'
import type { Judgement, RowCounts } from './judgement.ts'

/** A check as SQL over a table, and what to make of the answer. */
export type CompiledCheck =
  | RowsCheck
  | KeysCheck
  | QueryCheck
  /** Aggregates of the common scan, and what their values say. */
  | {
      readonly shape: 'value'
      readonly aggregates: readonly string[]
      readonly judge: (values: readonly Cell[]) => Judgement
    }
  /** Needs queries of its own. */
  | { readonly shape: 'figure'; readonly compute: (tables: Tables) => Promise<Judgement> }
  /** The columns alone tell. */
  | { readonly shape: 'settled'; readonly judgement: Judgement }
  /** Cannot be computed on this table. */
  | { readonly shape: 'error'; readonly reason: string }

/** Row by row: conditions on the rows that are considered and, of those, on the unexpected ones. */
export interface RowsCheck {
  readonly shape: 'rows'
  readonly considered: string
  readonly unexpected: string
  /** A condition on missing values that are NaN. */
  readonly isNaN?: string
  /** Cheaper aggregates that give the same counts. */
  readonly counting?: (filter: string) => Counting
  /**
   * Where a row alone does not tell: an expression for FROM that gives every row of another one with further columns,
   * which the conditions use. Such a check is a query of its own.
   */
  readonly from?: (rows: string) => string
  /** `from` needs the place of each row among those of `arrival`, as `"row#"`. */
  readonly numbered?: true
  /** Makes temporary tables that `from` and the conditions use. */
  readonly prepare?: (tables: Tables) => Promise<void>
}

export interface Counting {
  readonly aggregates: readonly string[]
  readonly counts: (values: readonly number[]) => RowCounts
}

/** Counts how often each key occurs, in a query of its own. */
export interface KeysCheck {
  readonly shape: 'keys'
  readonly keys: readonly string[]
  readonly report: 'all' | 'exclude_first' | 'exclude_last'
  readonly ignore: 'all_missing' | 'any_missing' | 'never'
  /** Judges other than by the share of rows that must meet it. */
  readonly judge?: (counts: { readonly considered: number; readonly unexpected: number }) => Judgement
  /** Among all rows of the version as it would be, or only among those that arrive. */
  readonly among: 'all_rows' | 'arrival'
}

/** The user's own query: it gives the unexpected rows. */
export interface QueryCheck {
  readonly shape: 'query'
  readonly query: string
  readonly rowsTested: string | undefined
  /** Columns of the answer that name a row; they are shown first. */
  readonly key: readonly string[]
}

/** Rows that a check compares with: another version, or another dataset. */
export interface ReferencedTable {
  /** Such as `airports@3`. */
  readonly name: string
  readonly columns: readonly Column[]
  readonly rows: number
  /** After FROM. */
  readonly relation: string
}

/** What a check is compiled against. */
export interface TableContext {
  readonly columns: readonly Column[]
  /** The rows that it is about, as an expression for FROM. */
  readonly rows: string
  /** The same of the version as it would be. */
  readonly allRows: string
  /** A condition on those rows; `true` where it is about all. */
  readonly where: string
  /** Stands after an aggregate over `arrival` that shall count the rows that it is about only. */
  readonly filter: string
  readonly now: number
  /** @throws Uncheckable where there is no such table. */
  readonly referenced: (reference: TableReference) => ReferencedTable
}

/** Why a check cannot be computed: becomes its outcome `error`, and ends nothing. */
export class Uncheckable extends Error {}

/** The first version has none before it: a comparison with it holds, or no first version could ever be taken in. */
export class NothingBefore extends Uncheckable {}
