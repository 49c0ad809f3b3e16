import { sql, type Kysely } from 'kysely'
import { fail } from '#contract/errors'
import type { Engine } from './database.ts'

export async function countNotes(query: Kysely<unknown>, _engine: Engine, least: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from notes where id >= ${least}`.execute(query)
  return Number(rows[0]?.count)
}

/** Some tenths of a second inside SQLite, where nothing interrupts it. */
export async function countSlowly(query: Kysely<unknown>, _engine: Engine, upTo: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${upTo}) select count(*) as count from n`.execute(
    query,
  )
  return Number(rows[0]?.count)
}

export async function bytes(
  _query: Kysely<unknown>,
  _engine: Engine,
  size: number,
): Promise<{ all: Uint8Array; part: Uint8Array }> {
  return { all: new Uint8Array(size).fill(7), part: new Uint8Array([1, 2, 3]).subarray(1) }
}

export async function refuse(): Promise<never> {
  return fail('invalid_input', 'Not like this.', { hint: 'Like that.', at: 'filter' })
}

export async function writeNote(query: Kysely<unknown>): Promise<void> {
  await sql`insert into notes (id, text) values (99, 'x')`.execute(query)
}

export async function die(): Promise<never> {
  return process.exit(1)
}
