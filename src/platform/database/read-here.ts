import { fail } from '#contract/errors'
import type { Database } from './database.ts'
import type { ReadCall, ReadFunction } from './reader.ts'

/** Loads the function and runs it on this connection, in one transaction that sees one moment. */
export async function readHere(
  { query, engine }: Pick<Database, 'query' | 'engine'>,
  { module, name, input }: ReadCall,
): Promise<unknown> {
  const loaded = (await import(module)) as Readonly<Record<string, unknown>>
  const read = loaded[name]
  if (typeof read !== 'function') return fail('internal', `${module} exports no function ${name}.`)
  const transaction = query.transaction()
  const moment =
    engine === 'postgres'
      ? transaction.setIsolationLevel('repeatable read').setAccessMode('read only')
      : transaction
  return moment.execute((within) => (read as ReadFunction<unknown, unknown>)(within, engine, input))
}
