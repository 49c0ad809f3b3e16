import { quoteName, requireRow, type Tables } from '#platform/tables/index'

export interface SourceColumn {
  readonly name: string
  readonly type: string
}

/** The rows of a view's source, each with a number that says its place. */
export interface SourceTable {
  readonly from: string
  readonly columns: readonly SourceColumn[]
  /** An expression on a row: the larger, the later in the source. */
  readonly place: string
  /** How many bits it needs. */
  readonly placeBits: number
}

/**
 * Parquet files say the place of a row by themselves. `row_number()` would give it as well, but on one core: the join of
 * 10 M rows took 3.0 s with it and 1.8 s without. Anything else is read once into a table, which spills to disk.
 */
export async function sourceTable(
  tables: Tables,
  relation: string,
  wanted: readonly string[] | 'all',
): Promise<SourceTable> {
  const columns = await tables.columns(`SELECT * FROM ${relation}`)
  const isParquet =
    /^read_parquet\([^()]*\)$/.test(relation) &&
    !columns.some(({ name }) => /^file_(index|row_number)$/i.test(name))
  if (!isParquet) {
    const there = wanted === 'all' ? columns : columns.filter(({ name }) => wanted.includes(name))
    const list = there.length === 0 ? '*' : there.map(({ name }) => quoteName(name)).join(', ')
    await tables.run(`CREATE OR REPLACE TEMP TABLE devmlops_table AS SELECT ${list} FROM ${relation}`)
    const rows = await count(tables, 'count(*)', 'devmlops_table')
    return { from: 'devmlops_table', columns, place: 'rowid', placeBits: bitsOf(rows) }
  }
  const rows = await count(tables, 'count(*)', relation)
  const files = rows === 0n ? 0n : await count(tables, 'max(file_index)', relation)
  const rowBits = bitsOf(rows)
  const place =
    files === 0n ? 'file_row_number' : `(file_index::BIGINT * ${2n ** BigInt(rowBits)} + file_row_number)`
  return { from: relation, columns, place, placeBits: rowBits + bitsOf(files) }
}

async function count(tables: Tables, what: string, from: string): Promise<bigint> {
  return BigInt(Number(requireRow(await tables.rows(`SELECT ${what} AS count FROM ${from}`))['count']))
}

export function bitsOf(value: bigint): number {
  return value.toString(2).length
}
