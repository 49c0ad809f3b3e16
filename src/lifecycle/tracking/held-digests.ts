import { sql } from 'kysely'
import type { Digest } from '#platform/blobs/index'
import type { Database } from '#platform/database/index'

const pageRows = 5000

/** Digests of every artifact of runs, logged models and neither, deleted ones too: they may be restored. */
export async function* heldDigests({ query }: Pick<Database, 'query'>): AsyncIterable<Digest> {
  for (const table of ['run_artifacts', 'logged_model_artifacts', 'loose_artifacts']) {
    let after = ''
    for (;;) {
      const { rows } = await sql<{ digest: Digest }>`
        select distinct digest from ${sql.table(table)} where digest > ${after} order by digest limit ${pageRows}`.execute(
        query,
      )
      for (const { digest } of rows) yield digest
      if (rows.length < pageRows) break
      after = rows.at(-1)?.digest ?? ''
    }
  }
}
