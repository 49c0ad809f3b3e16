import { sql, type Kysely } from 'kysely'
import type { ModelVersion, Verdict } from './contract.ts'
import type { RegistryTables } from './tables.ts'
import { versionRows, withVersionDetails, type VersionRecord } from './version-details.ts'

type Query = Kysely<RegistryTables>
type TextMap = Readonly<Record<string, string>>
export type Snapshot = RegistryTables['model_versions']['snapshot']

export interface VersionKey {
  readonly modelNumber: number
  readonly version: number
}

export interface NewVersion extends VersionRecord {
  readonly runId: string | null
  readonly registrationKey: string | null
  readonly card: string
  readonly description: string
  readonly tags: TextMap
  readonly actor: string
  readonly now: number
  /** Of a version whose files a client named by their place. */
  readonly origin?: {
    readonly source: string
    readonly snapshot: Snapshot
    readonly runLink: string | null
    readonly modelId: string | null
  }
}

/** All SQL about model versions. */
export function createVersionStore(query: Query) {
  const live = (executor: Query, { modelNumber, version }: VersionKey) =>
    executor
      .selectFrom('model_versions')
      .where('model_number', '=', modelNumber)
      .where('version', '=', version)
      .where('deleted_at', 'is', null)
  const change = (executor: Query, { modelNumber, version }: VersionKey) =>
    executor
      .updateTable('model_versions')
      .where('model_number', '=', modelNumber)
      .where('version', '=', version)

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
      const { origin } = added
      await transaction
        .insertInto('model_versions')
        .values({
          model_number: modelNumber,
          version,
          created_at: added.now,
          created_by: added.actor,
          updated_at: added.now,
          run_id: added.runId,
          registration_key: added.registrationKey,
          verdict: added.evaluation?.verdict ?? null,
          record: recordText(added),
          card: added.card,
          description: added.description,
          announced: 0,
          source: origin?.source ?? null,
          run_link: origin?.runLink ?? null,
          model_id: origin?.modelId ?? null,
          stage: 'None',
          snapshot: origin?.snapshot ?? 'taken',
          deleted_at: null,
        })
        .execute()
      await setVersionTags(transaction, { modelNumber, version }, added.tags)
      return version
    },

    /** Undefined when there is no such version, or it was deleted. */
    verdictOf: async (
      transaction: Query,
      modelNumber: number,
      version: number,
    ): Promise<{ verdict: Verdict | null } | undefined> => {
      const row = await live(transaction, { modelNumber, version }).select('verdict').executeTakeFirst()
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
      await change(query, { modelNumber, version }).set({ announced: 1 }).execute()
    },

    describeVersion: async (
      transaction: Query,
      key: VersionKey,
      { description, now }: { description: string; now: number },
    ): Promise<void> => {
      await change(transaction, key).set({ description, updated_at: now }).execute()
    },

    setVersionTags,

    deleteVersionTag: async (
      transaction: Query,
      { modelNumber, version }: VersionKey,
      tag: string,
    ): Promise<boolean> => {
      const { numDeletedRows } = await transaction
        .deleteFrom('model_version_tags')
        .where('model_number', '=', modelNumber)
        .where('version', '=', version)
        .where('key', '=', tag)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    /** The number stays taken; what the version was made of, and who may be named in it, goes. */
    redactVersion: async (transaction: Query, key: VersionKey, now: number): Promise<void> => {
      await change(transaction, key)
        .set({
          deleted_at: now,
          updated_at: now,
          registration_key: null,
          run_id: null,
          run_link: null,
          model_id: null,
          source: null,
          verdict: null,
          description: '',
          card: '',
          record: recordText({
            artifacts: [],
            signature: null,
            lineage: { datasets: [], parameters: {}, environment: {} },
            evaluation: null,
            flavors: [],
          }),
        })
        .execute()
      await transaction
        .deleteFrom('model_version_tags')
        .where('model_number', '=', key.modelNumber)
        .where('version', '=', key.version)
        .execute()
    },

    deletedVersions: async (transaction: Query, modelNumber: number): Promise<ReadonlySet<number>> => {
      const rows = await transaction
        .selectFrom('model_versions')
        .select('version')
        .where('model_number', '=', modelNumber)
        .where('deleted_at', 'is not', null)
        .execute()
      return new Set(rows.map(({ version }) => version))
    },

    snapshotOf: async (key: VersionKey): Promise<Snapshot | undefined> =>
      (await live(query, key).select('snapshot').executeTakeFirst())?.snapshot,

    /** The files of a version whose source was empty when it was registered: kept once, never again. */
    keepSnapshot: async (key: VersionKey, record: VersionRecord): Promise<void> => {
      await change(query, key)
        .set({ record: recordText(record), snapshot: 'taken' })
        .where('snapshot', '=', 'awaited')
        .where('deleted_at', 'is', null)
        .execute()
    },

    /** Newest first. */
    versions: async (
      model: { readonly number: number },
      filter: { version?: number; limit: number },
      executor: Query = query,
    ): Promise<ModelVersion[]> => {
      let select = versionRows(executor)
        .where('model_number', '=', model.number)
        .orderBy('version', 'desc')
        .limit(filter.limit)
      if (filter.version !== undefined) select = select.where('version', '=', filter.version)
      return withVersionDetails(executor, await select.execute())
    },

    /** The newest version in each stage, of each of the models. */
    latestOfStages: async (modelNumbers: readonly number[]): Promise<ModelVersion[]> => {
      if (modelNumbers.length === 0) return []
      const rows = await versionRows(query)
        .where('model_number', 'in', [...modelNumbers])
        .where(
          sql<boolean>`not exists (select 1 from model_versions as newer
            where newer.model_number = model_versions.model_number and newer.stage = model_versions.stage
              and newer.version > model_versions.version and newer.deleted_at is null)`,
        )
        .orderBy('version')
        .execute()
      return withVersionDetails(query, rows)
    },

    /** A number that there may or may not be; what an alias points to; the greatest there is for `latest`. */
    versionNumberOf: async (modelNumber: number, reference: string): Promise<number | undefined> => {
      if (/^\d{1,15}$/.test(reference)) return Number(reference)
      if (reference.toLowerCase() === 'latest') {
        const row = await query
          .selectFrom('model_versions')
          .select((select) => select.fn.max('version').as('version'))
          .where('model_number', '=', modelNumber)
          .where('deleted_at', 'is', null)
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

function recordText({ artifacts, signature, lineage, evaluation, flavors }: VersionRecord): string {
  return JSON.stringify({ artifacts, signature, lineage, evaluation, flavors })
}

async function setVersionTags(
  transaction: Query,
  { modelNumber, version }: VersionKey,
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
