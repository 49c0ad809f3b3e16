import type { Digest } from './blobs/index.ts'
import { textsOf, type Database, type ScannedColumns } from './database/index.ts'

/** Every digest that is written anywhere in some columns, as itself or inside of JSON. */
export async function* digestsIn(
  database: Pick<Database, 'query'>,
  tables: readonly ScannedColumns[],
): AsyncIterable<Digest> {
  for (const table of tables) {
    for await (const text of textsOf(database, table)) yield* digestsInText(text)
  }
}

export function digestsInText(text: string): Digest[] {
  return (text.match(/sha256:[0-9a-f]{64}/g) ?? []) as Digest[]
}
