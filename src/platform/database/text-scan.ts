import { setImmediate as breathe } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from './database.ts'

export interface ScannedColumns {
  readonly table: string
  /** A key of the table; its rows are read in its order. */
  readonly key: readonly string[]
  readonly columns: readonly string[]
}

const pageRows = 1000

/** Every text in some columns of a table, in pages, while others write. */
export async function* textsOf(
  { query }: Pick<Database, 'query'>,
  { table, key, columns }: ScannedColumns,
): AsyncIterable<string> {
  const keys = sql.join(key.map((name) => sql.ref(name)))
  const wanted = sql.join([...new Set([...key, ...columns])].map((name) => sql.ref(name)))
  let last: readonly unknown[] | undefined
  for (;;) {
    const after = last === undefined ? sql`` : sql`where (${keys}) > (${sql.join(last)})`
    const { rows } = await sql<Record<string, unknown>>`
      select ${wanted} from ${sql.table(table)} ${after} order by ${keys} limit ${pageRows}`.execute(query)
    for (const row of rows) {
      for (const column of columns) {
        const value = row[column]
        if (typeof value === 'string') yield value
      }
    }
    const end = rows.at(-1)
    if (end === undefined || rows.length < pageRows) return
    last = key.map((name) => end[name])
    await breathe()
  }
}
