import { namedInText, type NamedVersion } from '#lifecycle/data/index'
import type { Database } from '#platform/database/index'
import type { TrackingTables } from './tables.ts'

const pageRows = 1000

/** The versions of datasets that runs say they have used: by digest, or by a name such as `flights@3`. */
export async function* datasetsNamedByTracking({
  query,
}: Pick<Database, 'query'>): AsyncIterable<NamedVersion> {
  const tracking = query.withTables<TrackingTables>()
  for (let last = 0; ;) {
    const datasets = await tracking
      .selectFrom('input_datasets')
      .select(['number', 'name', 'digest', 'source'])
      .where('number', '>', last)
      .orderBy('number')
      .limit(pageRows)
      .execute()
    for (const { number, name, digest, source } of datasets) {
      const run = await tracking
        .selectFrom('run_datasets')
        .innerJoin('runs', 'runs.number', 'run_datasets.run_number')
        .select('runs.name')
        .where('run_datasets.dataset_number', '=', number)
        .executeTakeFirst()
      if (run === undefined) continue
      const by = `run ${run.name}`
      yield { digest, by }
      yield* namedInText(name, by)
      yield* namedInText(source, by)
    }
    const end = datasets.at(-1)
    if (end === undefined || datasets.length < pageRows) return
    last = end.number
  }
}
