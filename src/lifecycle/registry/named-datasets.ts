import { namedInText, type NamedVersion } from '#lifecycle/data/index'
import type { Database } from '#platform/database/index'
import type { Lineage } from './contract.ts'
import type { RegistryTables } from './tables.ts'

const pageRows = 200

/** The versions of datasets in the lineage of model versions, of deleted ones too: they can be restored. */
export async function* datasetsNamedByModels({
  query,
}: Pick<Database, 'query'>): AsyncIterable<NamedVersion> {
  const registry = query.withTables<RegistryTables>()
  for (let page = 0; ; page++) {
    const rows = await registry
      .selectFrom('model_versions')
      .innerJoin('registered_models', 'registered_models.number', 'model_versions.model_number')
      .select(['registered_models.name', 'model_versions.version', 'model_versions.record'])
      .orderBy('model_versions.model_number')
      .orderBy('model_versions.version')
      .limit(pageRows)
      .offset(page * pageRows)
      .execute()
    for (const { name, version, record } of rows) {
      const { lineage } = JSON.parse(record) as { readonly lineage?: Partial<Lineage> }
      for (const dataset of lineage?.datasets ?? []) {
        const by = `model ${name}@${version}`
        yield { digest: dataset.digest, by }
        yield* namedInText(`${dataset.name}@${dataset.version}`, by)
      }
    }
    if (rows.length < pageRows) return
  }
}
