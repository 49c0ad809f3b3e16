import type { Kysely } from 'kysely'
import type { ModelVersion, Verdict } from './contract.ts'
import type { RegistryTables } from './tables.ts'

type Query = Kysely<RegistryTables>
type TextMap = Readonly<Record<string, string>>

export interface NewVersion {
  readonly runId: string | null
  readonly registrationKey: string | null
  readonly artifacts: ModelVersion['artifacts']
  readonly signature: ModelVersion['signature']
  readonly lineage: ModelVersion['lineage']
  readonly evaluation: ModelVersion['evaluation']
  readonly card: string
  readonly description: string
  readonly tags: TextMap
  readonly actor: string
  readonly now: number
}

/** All SQL about model versions. */
export function createVersionStore(query: Query) {
  return {
    versionOfKey: async (
      transaction: Query,
      modelNumber: number,
      key: string,
    ): Promise<number | undefined> => {
      const row = await transaction
        .selectFrom('model_versions')
        .select('version')
        .where('model_number', '=', modelNumber)
        .where('registration_key', '=', key)
        .executeTakeFirst()
      return row?.version
    },

    insertVersion: async (transaction: Query, modelNumber: number, added: NewVersion): Promise<number> => {
      const { last_version: version } = await transaction
        .updateTable('registered_models')
        .set((update) => ({ last_version: update('last_version', '+', 1) }))
        .where('number', '=', modelNumber)
        .returning('last_version')
        .executeTakeFirstOrThrow()
      const { artifacts, signature, lineage, evaluation } = added
      await transaction
        .insertInto('model_versions')
        .values({
          model_number: modelNumber,
          version,
          created_at: added.now,
          created_by: added.actor,
          run_id: added.runId,
          registration_key: added.registrationKey,
          verdict: evaluation?.verdict ?? null,
          record: JSON.stringify({ artifacts, signature, lineage, evaluation }),
          card: added.card,
          description: added.description,
          announced: 0,
        })
        .execute()
      await setVersionTags(transaction, { modelNumber, version }, added.tags)
      return version
    },

    verdictOf: async (
      transaction: Query,
      modelNumber: number,
      version: number,
    ): Promise<{ verdict: Verdict | null } | undefined> => {
      const row = await transaction
        .selectFrom('model_versions')
        .select('verdict')
        .where('model_number', '=', modelNumber)
        .where('version', '=', version)
        .executeTakeFirst()
      return row && { verdict: row.verdict as Verdict | null }
    },

    silentVersions: async () =>
      query
        .selectFrom('model_versions')
        .innerJoin('registered_models', 'registered_models.number', 'model_versions.model_number')
        .select(['model_number', 'name', 'version', 'run_id', 'verdict', 'model_versions.created_by'])
        .where('announced', '=', 0)
        .orderBy('model_versions.created_at')
        .orderBy('version')
        .execute(),

    versionTold: async (modelNumber: number, version: number): Promise<void> => {
      await query
        .updateTable('model_versions')
        .set({ announced: 1 })
        .where('model_number', '=', modelNumber)
        .where('version', '=', version)
        .execute()
    },

    updateVersion: async (
      key: { modelNumber: number; version: number },
      change: { description?: string; tags: TextMap },
    ): Promise<void> => {
      const { description } = change
      await query.transaction().execute(async (transaction) => {
        if (description !== undefined) {
          await transaction
            .updateTable('model_versions')
            .set({ description })
            .where('model_number', '=', key.modelNumber)
            .where('version', '=', key.version)
            .execute()
        }
        await setVersionTags(transaction, key, change.tags)
      })
    },

    /** Newest first. */
    versions: async (
      model: { readonly number: number; readonly name: string },
      filter: { version?: number; limit: number },
    ): Promise<ModelVersion[]> => {
      let select = query
        .selectFrom('model_versions')
        .selectAll()
        .where('model_number', '=', model.number)
        .orderBy('version', 'desc')
        .limit(filter.limit)
      if (filter.version !== undefined) select = select.where('version', '=', filter.version)
      return withVersionDetails(query, model, await select.execute())
    },

    versionNumberOf: async (modelNumber: number, reference: string): Promise<number | undefined> => {
      if (/^\d{1,15}$/.test(reference)) return Number(reference)
      if (reference.toLowerCase() === 'latest') {
        const row = await query
          .selectFrom('model_versions')
          .select((select) => select.fn.max('version').as('version'))
          .where('model_number', '=', modelNumber)
          .executeTakeFirst()
        return row?.version ?? undefined
      }
      const row = await query
        .selectFrom('model_aliases')
        .select('version')
        .where('model_number', '=', modelNumber)
        .where('alias', '=', reference)
        .executeTakeFirst()
      return row?.version
    },
  }
}

async function setVersionTags(
  transaction: Query,
  { modelNumber, version }: { modelNumber: number; version: number },
  tags: TextMap,
): Promise<void> {
  const rows = Object.entries(tags).map(([key, value]) => ({
    model_number: modelNumber,
    version,
    key,
    value,
  }))
  if (rows.length === 0) return
  await transaction
    .insertInto('model_version_tags')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['model_number', 'version', 'key'])
        .doUpdateSet((update) => ({ value: update.ref('excluded.value') })),
    )
    .execute()
}

async function withVersionDetails(
  query: Query,
  model: { readonly number: number; readonly name: string },
  rows: readonly RegistryTables['model_versions'][],
): Promise<ModelVersion[]> {
  if (rows.length === 0) return []
  const versions = rows.map(({ version }) => version)
  const [tagRows, aliasRows] = await Promise.all([
    query
      .selectFrom('model_version_tags')
      .selectAll()
      .where('model_number', '=', model.number)
      .where('version', 'in', versions)
      .orderBy('key')
      .execute(),
    query
      .selectFrom('model_aliases')
      .selectAll()
      .where('model_number', '=', model.number)
      .orderBy('alias')
      .execute(),
  ])
  return rows.map((row) => ({
    ...(JSON.parse(row.record) as Pick<ModelVersion, 'artifacts' | 'signature' | 'lineage' | 'evaluation'>),
    model: model.name,
    version: row.version,
    createdAt: row.created_at,
    createdBy: row.created_by,
    runId: row.run_id,
    card: row.card,
    description: row.description,
    tags: Object.fromEntries(
      tagRows.filter(({ version }) => version === row.version).map(({ key, value }) => [key, value]),
    ),
    aliases: aliasRows.filter(({ version }) => version === row.version).map(({ alias }) => alias),
  }))
}
