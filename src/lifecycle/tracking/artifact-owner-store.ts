import type { Kysely } from 'kysely'
import type { TreeOwner } from './artifact-place.ts'
import type { TrackingTables } from './tables.ts'

/** All SQL about whose artifacts they are. */
export function createArtifactOwnerStore(query: Kysely<TrackingTables>) {
  const columns = ['number', 'id', 'artifact_uri', 'lifecycle_stage'] as const
  return {
    runsById: (ids: readonly string[]): Promise<TreeOwner[]> =>
      query.selectFrom('runs').select(columns).where('id', 'in', ids).execute(),

    modelsById: (ids: readonly string[]): Promise<TreeOwner[]> =>
      query.selectFrom('logged_models').select(columns).where('id', 'in', ids).execute(),

    /** The newest logged model that the run made under this name. */
    modelOfRun: async (runId: string, name: string): Promise<number | undefined> => {
      const row = await query
        .selectFrom('logged_models')
        .select('number')
        .where('source_run_id', '=', runId)
        .where('name', '=', name)
        .where('lifecycle_stage', '=', 'active')
        .orderBy('created_at', 'desc')
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.number
    },
  }
}
