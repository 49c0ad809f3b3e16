import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteName, quoteText } from './quote.ts'

/** A column that is computed on this side, NaN and null being missing, or the same text for every row. */
export type AddedColumn = ComputedColumn | ConstantColumn

interface ComputedColumn {
  readonly name: string
  readonly type: 'FLOAT' | 'DOUBLE' | 'BIGINT' | 'VARCHAR'
  readonly values: ArrayLike<number | bigint | string | null>
}

interface ConstantColumn {
  readonly name: string
  readonly type: 'VARCHAR'
  readonly constant: string | null
}

/** Rows of one vector of DuckDB: a chunk cannot have more. */
const vectorRows = 2048

/**
 * Writes the rows of a relation as a Parquet file with further columns, which were computed for these rows in this order.
 *
 * @param relation stands after FROM, and gives its rows in the order in which they were read
 */
export async function writeBeside(
  connection: DuckDBConnection,
  {
    relation,
    added,
    path,
  }: { readonly relation: string; readonly added: readonly AddedColumn[]; readonly path: string },
): Promise<void> {
  const computed = added.filter((column) => 'values' in column)
  const columns = computed.map(({ name, type }) => `${quoteName(name)} ${type}`).join(', ')
  await connection.run(`CREATE OR REPLACE TEMP TABLE written_beside (${columns})`)
  await append(connection, computed)
  const beside = added.map((column) => {
    const name = quoteName(column.name)
    if ('values' in column) return `a.${name}`
    return `CAST(${column.constant === null ? 'NULL' : quoteText(column.constant)} AS VARCHAR) AS ${name}`
  })
  await connection.run(
    `COPY (SELECT ${['s.*', ...beside].join(', ')} FROM ${relation} s POSITIONAL JOIN written_beside a) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
  )
  await connection.run('DROP TABLE written_beside')
}

/** By whole vectors: value by value, through the appender, costs three times as much as scoring a row. */
async function append(connection: DuckDBConnection, added: readonly ComputedColumn[]): Promise<void> {
  const { DuckDBDataChunk, BIGINT, DOUBLE, FLOAT, VARCHAR } = await import('@duckdb/node-api')
  const types = { BIGINT, DOUBLE, FLOAT, VARCHAR }
  const rows = added[0]?.values.length ?? 0
  const appender = await connection.createAppender('written_beside', 'main', 'temp')
  try {
    for (let start = 0; start < rows; start += vectorRows) {
      const count = Math.min(vectorRows, rows - start)
      const chunk = DuckDBDataChunk.create(
        added.map(({ type }) => types[type]),
        count,
      )
      for (const [index, { type, values }] of added.entries()) {
        const vector = chunk.getColumnVector(index)
        for (let row = 0; row < count; row++) {
          const value = values[start + row] ?? null
          if (value === null || Number.isNaN(value)) vector.setItem(row, null)
          else vector.setItem(row, type === 'BIGINT' ? BigInt(value) : value)
        }
        vector.flush()
      }
      appender.appendDataChunk(chunk)
    }
  } finally {
    appender.closeSync()
  }
}
