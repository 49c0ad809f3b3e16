import type { NamedVersion } from '#lifecycle/data/index'
import type { Database } from '#platform/database/index'
import type { PipelineTables } from './tables.ts'

const pageRows = 1000

/** The versions of datasets that pipeline runs were pinned to. */
export async function* datasetsNamedByRuns({ query }: Pick<Database, 'query'>): AsyncIterable<NamedVersion> {
  const runs = query.withTables<PipelineTables>()
  for (let last = ''; ;) {
    const page = await runs
      .selectFrom('pipeline_runs')
      .select(['id', 'pipeline', 'datasets'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(pageRows)
      .execute()
    for (const { id, pipeline, datasets } of page) {
      const pinned = JSON.parse(datasets) as Readonly<
        Record<string, { readonly name: string; readonly version: number; readonly digest: string }>
      >
      for (const { name, version, digest } of Object.values(pinned)) {
        yield { dataset: name, version, digest, by: `pipeline run ${pipeline} ${id.slice(0, 8)}` }
      }
    }
    const end = page.at(-1)
    if (end === undefined || page.length < pageRows) return
    last = end.id
  }
}
