import type { Kysely, Selectable } from 'kysely'
import type { ModelVersion } from './contract.ts'
import type { RegistryTables } from './tables.ts'

/** A row of a version with the name of its model. */
export type VersionRow = Selectable<RegistryTables['model_versions']> & { name: string }

/** What a version was made of; kept as one JSON, read whole. */
export type VersionRecord = Pick<
  ModelVersion,
  'artifacts' | 'signature' | 'lineage' | 'evaluation' | 'flavors'
>

/** Well below the number of parameters that either engine takes. */
const chunk = 500

export function versionRows(query: Kysely<RegistryTables>) {
  return query
    .selectFrom('model_versions')
    .innerJoin('registered_models', 'registered_models.number', 'model_versions.model_number')
    .where('model_versions.deleted_at', 'is', null)
    .selectAll('model_versions')
    .select('registered_models.name')
}

/** The rows with their tags and aliases, in the given order. */
export async function withVersionDetails(
  query: Kysely<RegistryTables>,
  rows: readonly VersionRow[],
): Promise<ModelVersion[]> {
  const versions: ModelVersion[] = []
  for (let start = 0; start < rows.length; start += chunk) {
    versions.push(...(await chunkWithDetails(query, rows.slice(start, start + chunk))))
  }
  return versions
}

async function chunkWithDetails(
  query: Kysely<RegistryTables>,
  rows: readonly VersionRow[],
): Promise<ModelVersion[]> {
  const models = [...new Set(rows.map((row) => row.model_number))]
  const numbers = [...new Set(rows.map((row) => row.version))]
  const [tagRows, aliasRows] = await Promise.all([
    query
      .selectFrom('model_version_tags')
      .selectAll()
      .where('model_number', 'in', models)
      .where('version', 'in', numbers)
      .orderBy('key')
      .execute(),
    query
      .selectFrom('model_aliases')
      .selectAll()
      .where('model_number', 'in', models)
      .where('version', 'in', numbers)
      .orderBy('alias')
      .execute(),
  ])
  const tags = Map.groupBy(tagRows, keyOf)
  const aliases = Map.groupBy(aliasRows, keyOf)
  return rows.map((row) => ({
    // Older records have no flavours.
    ...({ flavors: [], ...(JSON.parse(row.record) as Partial<VersionRecord>) } as VersionRecord),
    model: row.name,
    version: row.version,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    runId: row.run_id,
    card: row.card,
    description: row.description,
    stage: row.stage,
    source: row.source,
    runLink: row.run_link,
    modelId: row.model_id,
    tags: Object.fromEntries((tags.get(keyOf(row)) ?? []).map(({ key, value }) => [key, value])),
    aliases: (aliases.get(keyOf(row)) ?? []).map(({ alias }) => alias),
  }))
}

function keyOf(row: { model_number: number; version: number }): string {
  return `${row.model_number}/${row.version}`
}
