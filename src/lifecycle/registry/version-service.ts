import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { checkKey, pageFrom, type StoredArtifact } from '#lifecycle/tracking/index'
import type { Digest } from '#platform/blobs/index'
import type { Clock } from '#platform/clock'
import { refuseDeployed, type DeployedVersion } from './model-service.ts'
import type { Announce } from './announcement.ts'
import type { ModelVersion } from './contract.ts'
import type { FoundModel, Lookup } from './lookup.ts'
import { parseSourceUri } from './model-source-uri.ts'
import { checkAliasForm, checkDescription, checkModelTags, checkReferences } from './names.ts'
import { promptTag } from './registered-model-store.ts'
import type { RegistrySearch } from './search-store.ts'
import type { Snapshot } from './snapshot.ts'
import { resolveSource, type LoggedModels } from './source-lineage.ts'
import type { RegistryStore } from './store.ts'
import { createInVersion, type VersionName } from './in-version.ts'
import type { RecordHook } from './webhooks/webhook-event.ts'

type Actor = Pick<Caller, 'name'>

export interface VersionServiceDependencies {
  readonly store: RegistryStore
  readonly lookup: Lookup
  readonly announce: Announce
  readonly clock: Clock
  readonly recordHook: RecordHook
  readonly takeSnapshot: (source: string) => Promise<Snapshot>
  readonly loggedModels: LoggedModels
  readonly runArtifactUri: (runId: string) => Promise<string | undefined>
  readonly answeringVersions: (model: FoundModel) => Promise<readonly DeployedVersion[]>
}

/** A version as MLflow's clients register one: by where its files are. */
export interface SourcedVersion {
  readonly model: string
  readonly source: string
  readonly runId?: string
  readonly runLink?: string
  readonly modelId?: string
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
}

export interface VersionDetails {
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
}

/** What MLflow's clients send as the source of a prompt, which has no files. */
const promptSources = ['dummy-source', 'prompt-template']

/** Rules about versions: what they are made of stays, all else may change and leaves a record. */
export function createVersionService(dependencies: VersionServiceDependencies) {
  const { store, lookup, announce, clock, recordHook, answeringVersions } = dependencies

  const inVersion = createInVersion(dependencies)

  const checkPromptOrModel = async (
    modelNumber: number,
    { model, source, tags = {} }: SourcedVersion,
  ): Promise<boolean> => {
    const isPromptVersion = tags[promptTag]?.toLowerCase() === 'true'
    const isPrompt = await store.isPrompt(modelNumber)
    if (isPrompt !== isPromptVersion) {
      fail(
        'invalid_input',
        `"${model}" is a ${isPrompt ? 'prompt' : 'model'}; a version of a ${isPrompt ? 'model' : 'prompt'} cannot be registered under its name.`,
        { at: 'name' },
      )
    }
    if (isPrompt && !promptSources.includes(source)) {
      fail('invalid_input', `Invalid prompt source: '${source.slice(0, 200)}'. A prompt has no files.`, {
        at: 'source',
      })
    }
    return isPrompt
  }

  return {
    /**
     * Registers what is at the source now, as a version of an existing model. Every call makes another version, also of the
     * same run.
     */
    createVersion: async (request: SourcedVersion, caller: Actor): Promise<ModelVersion> => {
      const { model, description = '', tags = {} } = request
      checkModelTags(tags)
      checkDescription(description)
      checkReferences(request)
      const { number } = await lookup.existingModel(model)
      const isPrompt = await checkPromptOrModel(number, request)
      const { source, runId, modelId } = isPrompt
        ? { source: request.source, runId: request.runId, modelId: undefined }
        : await resolveSource(request, dependencies)
      const snapshot = isPrompt ? undefined : await dependencies.takeSnapshot(source)
      const version = await store.transaction(async (transaction) => {
        const now = clock.now()
        const locked = await store.lockModel(transaction, model, now)
        if (locked === undefined) return fail('not_found', `There is no registered model "${model}".`)
        const added = await store.insertVersion(transaction, locked, {
          artifacts: snapshot?.artifacts ?? [],
          signature: snapshot?.signature ?? null,
          flavors: snapshot?.flavors ?? [],
          lineage: snapshot?.lineage ?? { datasets: [], parameters: {}, environment: {} },
          evaluation: snapshot?.evaluation ?? null,
          runId: runId ?? null,
          registrationKey: null,
          card: '',
          description,
          tags,
          actor: caller.name,
          now,
          origin: {
            source,
            snapshot: snapshot?.state ?? 'foreign',
            runLink: request.runLink ?? null,
            modelId: modelId ?? null,
          },
        })
        await recordHook(transaction, locked, {
          entity: 'version',
          action: 'created',
          data: {
            name: model,
            version: String(added),
            source,
            run_id: runId ?? null,
            tags,
            description: description === '' ? null : description,
          },
        })
        return added
      })
      await announce()
      if (modelId !== undefined)
        await dependencies.loggedModels.noteVersion(modelId, { name: model, version })
      return lookup.getVersion(model, String(version))
    },

    describeVersion: async (
      { model, reference }: { readonly model: string; readonly reference: string },
      { description, tags = {} }: VersionDetails,
    ): Promise<ModelVersion> => {
      checkModelTags(tags)
      if (description !== undefined) checkDescription(description)
      const { version } = await lookup.getVersion(model, reference)
      await inVersion({ model, version }, async (transaction, key) => {
        if (description !== undefined)
          await store.describeVersion(transaction, key, { description, now: clock.now() })
        await store.setVersionTags(transaction, key, tags)
        for (const [tag, value] of Object.entries(tags)) {
          await recordHook(transaction, key.modelNumber, {
            entity: 'version tag',
            action: 'set',
            data: { name: model, version: String(version), key: tag, value },
          })
        }
      })
      return lookup.getVersion(model, String(version))
    },

    /** Answers whether there was such a tag. */
    deleteVersionTag: async (named: VersionName, tag: string): Promise<boolean> => {
      checkKey('tag', tag)
      return inVersion(named, async (transaction, key) => {
        await recordHook(transaction, key.modelNumber, {
          entity: 'version tag',
          action: 'deleted',
          data: { name: named.model, version: String(named.version), key: tag },
        })
        return store.deleteVersionTag(transaction, key, tag)
      })
    },

    /**
     * Takes the version's aliases, its files and what it says about people away; its number stays used. Fails with
     * `conflict` while a deployment answers with it.
     */
    deleteVersion: async (named: VersionName, caller: Actor): Promise<void> => {
      const deployed = await answeringVersions(await lookup.existingModel(named.model))
      refuseDeployed(
        named.model,
        deployed.filter(({ version }) => version === named.version),
      )
      await announce()
      await inVersion(named, async (transaction, key) => {
        const time = clock.now()
        await store.lockModel(transaction, named.model, time)
        for (const alias of await store.aliasesOf(transaction, key)) {
          await store.moveAlias(transaction, {
            modelNumber: key.modelNumber,
            alias,
            kind: 'removed',
            fromVersion: named.version,
            toVersion: null,
            actor: caller.name,
            time,
            reason: `version ${named.version} was deleted`,
            forced: false,
          })
        }
        await store.redactVersion(transaction, key, time)
        await store.addNews(transaction, {
          type: 'model.version_deleted',
          subject: `model/${named.model}@${named.version}`,
          actor: caller.name,
          payload: { ...named },
        })
      })
    },

    /** Deleted ones never; without prompts, unless the filter asks for them. The last changed first. */
    searchVersions: (search: RegistrySearch & { limit: number; after?: string }) =>
      pageFrom(search, (window) => store.searchVersionRows(search, window)),

    /** Fails with `invalid_input` when the model has no such alias, as MLflow does. */
    versionByAlias: async (model: string, alias: string): Promise<ModelVersion> => {
      const { number } = await lookup.existingModel(model)
      const isLatest = alias.toLowerCase() === 'latest'
      checkAliasForm(alias)
      const version = isLatest
        ? await store.versionNumberOf(number, 'latest')
        : await store.aliasVersion(number, alias)
      if (version !== undefined) return lookup.getVersion(model, String(version))
      return fail(
        isLatest ? 'not_found' : 'invalid_input',
        isLatest
          ? `Latest version not found for model ${model}.`
          : `Registered model alias ${alias} not found.`,
      )
    },

    /** Where the files of the version are, for a client that downloads them. */
    downloadUri: async ({ model, version }: VersionName): Promise<string> => {
      const { number } = await lookup.existingModel(model)
      await lookup.getVersionNumbered(model, version)
      const found = await lookup.getVersion(model, String(version))
      if (found.artifacts.length > 0 || found.source === null) return versionUri(number, version)
      const parsed = promptSources.includes(found.source) ? undefined : parseSourceUri(found.source)
      // What is not there yet will be where the logged model keeps its files.
      if (parsed?.kind !== 'logged model') return found.source
      return (await dependencies.loggedModels.find(parsed.modelId))?.artifactUri ?? found.source
    },

    /** By the number of the model, which stays when the model is renamed. Undefined when there is no such version. */
    versionArtifacts: async (
      modelNumber: number,
      version: number,
    ): Promise<readonly StoredArtifact[] | undefined> => {
      const name = await store.modelName(modelNumber)
      const found = name === undefined ? undefined : await lookup.findVersion(name, String(version))
      // The store only takes digests of this form.
      return found?.artifacts.map((artifact) => ({ ...artifact, digest: artifact.digest as Digest }))
    },
  }
}

/** Where clients download the files that a version keeps. */
export function versionUri(modelNumber: number, version: number): string {
  return `mlflow-artifacts:/versions/${modelNumber}/${version}`
}
