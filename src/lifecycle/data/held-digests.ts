import type { Digest } from '#platform/blobs/index'
import type { Database } from '#platform/database/index'
import { digestsIn } from '#platform/held-digests'

/** Everything that the stage names: what versions name, and what was fetched and not judged yet. */
export async function* heldDigests(
  database: Pick<Database, 'query'>,
  byVersions: AsyncIterable<Digest>,
): AsyncIterable<Digest> {
  yield* byVersions
  yield* digestsIn(database, [
    { table: 'dataset_downloads', key: ['dataset', 'url'], columns: ['digest'] },
    { table: 'dataset_quarantines', key: ['dataset', 'version', 'digest'], columns: ['digest'] },
    { table: 'dataset_failures', key: ['rejection'], columns: ['digest'] },
    { table: 'dataset_rejections', key: ['id'], columns: ['validation'] },
  ])
}
