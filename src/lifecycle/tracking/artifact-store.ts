import type { Kysely } from 'kysely'
import type { Digest } from '#platform/blobs/index'
import type { TrackingTables } from './tables.ts'

export interface StoredArtifact {
  readonly path: string
  readonly digest: Digest
  readonly sizeBytes: number
}

/** All SQL about artifacts: which path of a run has which bytes. */
export function createArtifactStore(query: Kysely<TrackingTables>) {
  return {
    /** Every artifact of a run, by path in byte order. */
    ofRun: async (runNumber: number): Promise<StoredArtifact[]> => {
      const rows = await query
        .selectFrom('run_artifacts')
        .select(['path', 'digest', 'size_bytes'])
        .where('run_number', '=', runNumber)
        .execute()
      return rows
        .map((row) => ({ path: row.path, digest: row.digest as Digest, sizeBytes: row.size_bytes }))
        .sort((left, right) => (left.path < right.path ? -1 : 1))
    },

    /** Writes or replaces; answers the path that is in the way when a file would have to be a folder or the reverse. */
    put: async (runNumber: number, artifact: StoredArtifact, now: number): Promise<string | undefined> => {
      return query.transaction().execute(async (transaction) => {
        const parts = artifact.path.split('/')
        const folders = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
        const inside = `${artifact.path}/`
        const inTheWay = await transaction
          .selectFrom('run_artifacts')
          .select('path')
          .where('run_number', '=', runNumber)
          .where((where) =>
            where.or([
              ...(folders.length === 0 ? [] : [where('path', 'in', folders)]),
              where(where.fn('substr', ['path', where.lit(1), where.lit(inside.length)]), '=', inside),
            ]),
          )
          .executeTakeFirst()
        if (inTheWay !== undefined) return inTheWay.path
        const content = { digest: artifact.digest, size_bytes: artifact.sizeBytes, logged_at: now }
        await transaction
          .insertInto('run_artifacts')
          .values({ run_number: runNumber, path: artifact.path, ...content })
          .onConflict((conflict) => conflict.columns(['run_number', 'path']).doUpdateSet(content))
          .execute()
        return undefined
      })
    },
  }
}
