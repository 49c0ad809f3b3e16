/** One result cell. Integers beyond 2^53 come as bigint, dates and timestamps as ISO text. */
export type Cell =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Cell[]
  | { readonly [key: string]: Cell }
export type Row = Readonly<Record<string, Cell>>
