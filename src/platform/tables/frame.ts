/**
 * A table in memory, by column, in the form that trainers, metrics and profiles compute on. Buffers may be shared between
 * threads (`SharedArrayBuffer`), so whoever receives a frame must not write into it.
 */
export interface Frame {
  readonly rows: number
  readonly columns: Readonly<Record<string, Column>>
}

export type Column = NumberColumn | CategoryColumn

/** Numbers; `NaN` means missing. Integers and booleans (0/1) are numbers too. */
export interface NumberColumn {
  readonly kind: 'number'
  readonly values: Float64Array
}

/** Text; `codes[i]` indexes `levels`, -1 means missing. */
export interface CategoryColumn {
  readonly kind: 'category'
  readonly codes: Int32Array
  readonly levels: readonly string[]
}
