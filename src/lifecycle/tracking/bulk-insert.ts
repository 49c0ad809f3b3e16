import { CompiledQuery, type Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'

type ColumnValues = readonly (string | number)[]

export interface BulkInsert {
  readonly table: string
  readonly columns: readonly { readonly name: string; readonly type: string; readonly values: ColumnValues }[]
  /** What to do with rows that are there: the text after `on conflict`. */
  readonly onConflict: string
}

/** Sizes of the statements that write many rows: few different texts, so that prepared ones are found again. */
const largeChunks = [1000, 256, 64] as const
const smallChunk = 32

/**
 * Inserts many rows by few statements and answers how many were written. The query builder would make an object for
 * every value; here the text is fixed and the values go to the driver as they are.
 */
export async function bulkInsert(
  query: Kysely<never>,
  engine: Engine,
  { table, columns, onConflict }: BulkInsert,
): Promise<number> {
  const total = columns[0]?.values.length ?? 0
  if (total === 0) return 0
  const names = columns.map(({ name }) => name).join(', ')
  const write = async (source: string, parameters: readonly unknown[]): Promise<number> => {
    const text = `insert into ${table} (${names}) ${source} on conflict ${onConflict}`
    const result = await query.executeQuery(CompiledQuery.raw(text, [...parameters]))
    return Number(result.numAffectedRows ?? 0n)
  }
  if (engine === 'postgres') {
    const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')
    return write(
      `select * from unnest(${arrays})`,
      columns.map(({ values }) => values),
    )
  }
  const row = `(${columns.map(() => '?').join(', ')})`
  let written = 0
  for (let start = 0; start < total;) {
    const count = chunkSize(total - start)
    const parameters: (string | number)[] = []
    for (let index = start; index < start + count; index += 1) {
      for (const { values } of columns) parameters.push(values[index] as string | number)
    }
    written += await write(`values ${Array.from({ length: count }, () => row).join(', ')}`, parameters)
    start += count
  }
  return written
}

function chunkSize(left: number): number {
  if (left <= smallChunk) return left
  return largeChunks.find((size) => size <= left) ?? smallChunk
}
