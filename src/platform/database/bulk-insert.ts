import { CompiledQuery, type Kysely } from 'kysely'
import type { Engine } from './database.ts'

export interface BulkColumn {
  readonly name: string
  /** As PostgreSQL calls it, such as `text` or `bigint`. */
  readonly type: string
  readonly values: readonly (string | number | null)[]
}

export interface BulkInsert {
  readonly table: string
  readonly columns: readonly BulkColumn[]
  /** What to do with rows that are there: the text after `on conflict`. When left out, they fail (`isDuplicate`). */
  readonly onConflict?: string
  /** A column whose values of the written rows are answered. */
  readonly returning?: string
}

/** Sizes of the statements that write many rows: few different texts, so that prepared ones are found again. */
const largeChunks = [1000, 256, 64] as const
const smallChunk = 32

/**
 * Inserts many rows by few statements; answers the column `returning` of those that were written. The query builder would
 * make an object for every value; here the text is fixed and the values go to the driver as they are.
 */
export async function bulkInsert(
  query: Pick<Kysely<never>, 'executeQuery'>,
  engine: Engine,
  { table, columns, onConflict, returning }: BulkInsert,
): Promise<unknown[]> {
  const total = columns[0]?.values.length ?? 0
  if (total === 0) return []
  const names = columns.map(({ name }) => name).join(', ')
  const conflict = onConflict === undefined ? '' : `on conflict ${onConflict}`
  const tail = `${conflict}${returning === undefined ? '' : ` returning ${returning}`}`
  const write = async (source: string, parameters: readonly unknown[]): Promise<unknown[]> => {
    const text = `insert into ${table} (${names}) ${source} ${tail}`
    const { rows } = await query.executeQuery(CompiledQuery.raw(text, [...parameters]))
    return returning === undefined ? [] : rows.map((row) => (row as Record<string, unknown>)[returning])
  }
  if (engine === 'postgres') {
    const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')
    return write(`select * from unnest(${arrays})`, columns.map(arrayOf))
  }
  const row = `(${columns.map(() => '?').join(', ')})`
  const written: unknown[] = []
  for (let start = 0; start < total;) {
    const count = chunkSize(total - start)
    const parameters: (string | number | null)[] = []
    for (let index = start; index < start + count; index += 1) {
      for (const { values } of columns) parameters.push(values[index] as string | number | null)
    }
    // One by one: pushing thousands of values with a spread would use as many arguments.
    for (const value of await write(
      `values ${Array.from({ length: count }, () => row).join(', ')}`,
      parameters,
    ))
      written.push(value)
    start += count
  }
  return written
}

/** Whether PostgreSQL refused a row because one with its key is there (`unique_violation`, its appendix A). */
export function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '23505'
}

/** Numbers as PostgreSQL writes a list of them: the driver would quote each of thousands. */
function arrayOf({ type, values }: BulkColumn): string | readonly (string | number | null)[] {
  return type === 'text' || values.includes(null) ? values : `{${values.join(',')}}`
}

function chunkSize(left: number): number {
  if (left <= smallChunk) return left
  return largeChunks.find((size) => size <= left) ?? smallChunk
}
