import { DevmlopsError } from '#contract/errors'
import type { TrackingService } from '#lifecycle/tracking/index'
import type { Platform } from '#platform/platform'
import type { ModelArtifact } from './contract.ts'
import { createImportStore } from './import-store.ts'
import { checkModelName } from './names.ts'
import { createSnapshots, describeFiles } from './snapshot.ts'
import { createRegistryStore } from './store.ts'
import type { RegistryTables } from './tables.ts'

export interface ImportedModel {
  readonly name: string
  readonly description: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly tags: Readonly<Record<string, string>>
  readonly aliases: Readonly<Record<string, number>>
}

export interface ImportedVersion {
  readonly version: number
  readonly description: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly user: string | undefined
  readonly stage: string
  /** As it reads here, or as it read where it comes from. */
  readonly source: string
  readonly runId: string | undefined
  readonly modelId: string | undefined
  readonly runLink: string | undefined
  readonly tags: Readonly<Record<string, string>>
}

export interface RegistryImportDependencies {
  readonly platform: Platform
  readonly tracking: Pick<TrackingService, 'artifactsOfUri'>
}

export type RegistryImportService = ReturnType<typeof createRegistryImportService>

const importReason = 'as in the store that it was imported from'

/** Writes models and versions as they were elsewhere: numbers, times, stages. Only for importers; all of it may be repeated. */
export function createRegistryImportService({ platform, tracking }: RegistryImportDependencies) {
  const { database, blobs, clock, log } = platform
  const query = database.query.withTables<RegistryTables>()
  const imports = createImportStore(query)
  const store = createRegistryStore(query, database.engine)
  const snapshots = createSnapshots({ store, blobs, log, artifactsOfUri: tracking.artifactsOfUri })

  /** Nothing, where the source is not ours, or not there. */
  const filesAt = async (source: string) => {
    try {
      const { state, ...record } = await snapshots.take(source)
      return { snapshot: state, record }
    } catch (error) {
      if (!(error instanceof DevmlopsError)) throw error
      const lineage = { datasets: [], parameters: {}, environment: {} }
      const record = { artifacts: [], signature: null, flavors: [], lineage, evaluation: null }
      return { snapshot: 'foreign' as const, record }
    }
  }

  return {
    importModel: async (
      model: ImportedModel,
      actor: string,
    ): Promise<{ readonly number: number; readonly isNew: boolean }> => {
      checkModelName(model.name)
      return store.transaction(async (transaction) => {
        const found = await imports.ensureModel(transaction, model, { actor, now: clock.now() })
        await store.setModelTags(transaction, found.number, model.tags)
        return found
      })
    },

    /** `other`: the number is taken by a version that was made here. */
    importVersion: async (
      modelNumber: number,
      version: ImportedVersion,
      { actor, files }: { readonly actor: string; readonly files?: readonly ModelArtifact[] },
    ): Promise<'brought' | 'known' | 'other'> => {
      const known = await imports.findVersion(modelNumber, version.version)
      // The same number, made at the same millisecond, is the same version.
      if (known !== undefined && known.created_at !== version.createdAt) return 'other'
      if (known !== undefined && known.deleted_at !== null) return 'known'
      const { snapshot, record } =
        files === undefined
          ? await filesAt(version.source)
          : {
              snapshot: 'taken' as const,
              record: {
                artifacts: [...files],
                ...(await describeFiles(files, { blobs, log })),
                lineage: { datasets: [], parameters: {}, environment: {} },
                evaluation: null,
              },
            }
      await store.transaction(async (transaction) => {
        if (known === undefined) {
          await imports.insertVersion(transaction, modelNumber, { ...version, record, snapshot, actor })
        } else {
          await imports.followVersion(transaction, modelNumber, version)
        }
        await imports.raiseLastVersion(transaction, modelNumber, version.version)
        await store.setVersionTags(transaction, { modelNumber, version: version.version }, version.tags)
      })
      if (known !== undefined && known.snapshot !== 'taken' && snapshot === 'taken') {
        await imports.keepFiles(modelNumber, version.version, record)
        return 'brought'
      }
      return known === undefined ? 'brought' : 'known'
    },

    /** A number that was given and is not used any more. */
    reserveVersion: (modelNumber: number, version: number): Promise<void> =>
      store.transaction((transaction) => imports.raiseLastVersion(transaction, modelNumber, version)),

    /** Whether the files of a version are here already. */
    hasFiles: async (modelNumber: number, version: number): Promise<boolean> =>
      (await imports.findVersion(modelNumber, version))?.snapshot === 'taken',

    /** Aliases that somebody has moved here since stay where they are; their names are answered. */
    importAliases: async (
      modelNumber: number,
      aliases: Readonly<Record<string, number>>,
      actor: string,
    ): Promise<string[]> => {
      const kept: string[] = []
      for (const [alias, version] of Object.entries(aliases)) {
        await store.transaction(async (transaction) => {
          const current = await store.aliasVersion(modelNumber, alias, transaction)
          if (current === version) return
          const last = (await store.transitions(modelNumber, alias, transaction)).at(-1)
          const there = await transaction
            .selectFrom('model_versions')
            .select('version')
            .where('model_number', '=', modelNumber)
            .where('version', '=', version)
            .executeTakeFirst()
          if ((last !== undefined && last.reason !== importReason) || there === undefined) {
            kept.push(alias)
            return
          }
          await store.moveAlias(transaction, {
            modelNumber,
            alias,
            kind: 'set',
            fromVersion: current ?? null,
            toVersion: version,
            actor,
            time: clock.now(),
            reason: importReason,
            forced: false,
          })
        })
      }
      return kept
    },
  }
}
