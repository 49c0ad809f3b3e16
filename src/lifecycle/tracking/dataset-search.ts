import type { Kysely } from 'kysely'
import type { TrackingTables } from './tables.ts'

/** A dataset that runs of an experiment used, in one context. */
export interface DatasetSummary {
  readonly experimentId: string
  readonly name: string
  readonly digest: string
  readonly context: string | undefined
}

/** MLflow's bound. */
const mostSummaries = 1000

/** Each dataset and context once, by experiment, name and digest. */
export async function searchDatasets(
  query: Kysely<TrackingTables>,
  experimentIds: readonly number[],
): Promise<DatasetSummary[]> {
  if (experimentIds.length === 0) return []
  const rows = await query
    .selectFrom('input_datasets as d')
    .innerJoin('run_datasets as u', 'u.dataset_number', 'd.number')
    .select(['d.experiment_id', 'd.name', 'd.digest', 'u.context'])
    .distinct()
    .where('d.experiment_id', 'in', [...experimentIds])
    .orderBy('d.experiment_id')
    .orderBy('d.name')
    .orderBy('d.digest')
    .orderBy('u.context')
    .limit(mostSummaries)
    .execute()
  return rows.map(({ experiment_id, name, digest, context }) => ({
    experimentId: String(experiment_id),
    name,
    digest,
    context: context ?? undefined,
  }))
}
