import type { BlobStore, Digest } from '#platform/blobs/index'
import { textsOf, type Database } from '#platform/database/index'
import { digestsIn, digestsInText } from '#platform/held-digests'
import { readDirectory } from './output-store.ts'

interface HeldDependencies {
  readonly database: Pick<Database, 'query'>
  readonly blobs: BlobStore
}

/** What steps made and read. An output that is a folder is a list in a blob, which names the files. */
export async function* heldDigests({ database, blobs }: HeldDependencies): AsyncIterable<Digest> {
  yield* digestsIn(database, [
    { table: 'step_runs', key: ['id'], columns: ['inputs'] },
    { table: 'pipeline_runs', key: ['id'], columns: ['datasets'] },
  ])
  for await (const outputs of textsOf(database, { table: 'step_runs', key: ['id'], columns: ['outputs'] })) {
    yield* digestsInText(outputs)
    for (const { kind, digest } of JSON.parse(outputs) as { kind: string; digest: string }[]) {
      if (kind !== 'directory' || (await blobs.head(digest as Digest)) === undefined) continue
      for (const file of (await readDirectory(blobs, digest)).files) yield file.digest as Digest
    }
  }
}
