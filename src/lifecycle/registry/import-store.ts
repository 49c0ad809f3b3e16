import { sql, type Kysely } from 'kysely'
import type { ImportedModel, ImportedVersion } from './import-service.ts'
import { stages } from './stage.ts'
import type { RegistryTables } from './tables.ts'
import type { VersionRecord } from './version-details.ts'
import type { Snapshot } from './version-store.ts'

type Query = Kysely<RegistryTables>

/** All SQL that only imports need: rows with the numbers and times that they had elsewhere. */
export function createImportStore(query: Query) {
  return {
    /** Answers the number of the model, and whether it is new. */
    ensureModel: async (
      transaction: Query,
      model: ImportedModel,
      { actor, now }: { actor: string; now: number },
    ): Promise<{ number: number; isNew: boolean }> => {
      const known = await transaction
        .selectFrom('registered_models')
        .select('number')
        .where('name', '=', model.name)
        .where('deleted_at', 'is', null)
        .executeTakeFirst()
      if (known !== undefined) return { number: known.number, isNew: false }
      const { number } = await transaction
        .insertInto('registered_models')
        .values({
          name: model.name,
          description: model.description,
          created_at: model.createdAt || now,
          created_by: actor,
          updated_at: model.updatedAt || now,
          last_version: 0,
          deleted_at: null,
        })
        .returning('number')
        .executeTakeFirstOrThrow()
      return { number, isNew: true }
    },

    /** What tells whether a version that is here is the one that comes; undefined where there is none. */
    findVersion: (modelNumber: number, version: number) =>
      query
        .selectFrom('model_versions')
        .select(['created_at', 'updated_at', 'snapshot', 'deleted_at'])
        .where('model_number', '=', modelNumber)
        .where('version', '=', version)
        .executeTakeFirst(),

    insertVersion: async (
      transaction: Query,
      modelNumber: number,
      version: ImportedVersion & {
        readonly record: VersionRecord
        readonly snapshot: Snapshot
        readonly actor: string
      },
    ): Promise<void> => {
      await transaction
        .insertInto('model_versions')
        .values({
          model_number: modelNumber,
          version: version.version,
          created_at: version.createdAt,
          created_by: version.user ?? version.actor,
          updated_at: version.updatedAt,
          run_id: version.runId ?? null,
          registration_key: null,
          verdict: version.record.evaluation?.verdict ?? null,
          record: JSON.stringify(version.record),
          card: '',
          description: version.description,
          // The news of it is old.
          announced: 1,
          source: version.source,
          run_link: version.runLink ?? null,
          model_id: version.modelId ?? null,
          stage: stages.find((stage) => stage === version.stage) ?? 'None',
          snapshot: version.snapshot,
          deleted_at: null,
        })
        .onConflict((conflict) => conflict.columns(['model_number', 'version']).doNothing())
        .execute()
    },

    /** Numbers up to this one are taken, also those of versions that were deleted where they come from. */
    raiseLastVersion: async (transaction: Query, modelNumber: number, version: number): Promise<void> => {
      await transaction
        .updateTable('registered_models')
        .set({ last_version: version })
        .where('number', '=', modelNumber)
        .where('last_version', '<', version)
        .execute()
    },

    /** What may change of a version that was brought before. */
    followVersion: async (
      transaction: Query,
      modelNumber: number,
      version: ImportedVersion,
    ): Promise<void> => {
      await transaction
        .updateTable('model_versions')
        .set({
          description: version.description,
          stage: stages.find((stage) => stage === version.stage) ?? 'None',
          updated_at: version.updatedAt,
        })
        .where('model_number', '=', modelNumber)
        .where('version', '=', version.version)
        .where('updated_at', '<', version.updatedAt)
        .execute()
    },

    keepFiles: async (modelNumber: number, version: number, record: VersionRecord): Promise<void> => {
      await query
        .updateTable('model_versions')
        .set({ record: JSON.stringify(record), snapshot: 'taken' })
        .where('model_number', '=', modelNumber)
        .where('version', '=', version)
        .where(sql<boolean>`snapshot <> 'taken'`)
        .execute()
    },
  }
}
