import type { Caller } from '#contract/endpoint'
import { DevmlopsError, fail } from '#contract/errors'
import { evaluationReportSchema, type EvaluationReport } from '#lifecycle/evaluation/index'
import type { ModelSignature, TrackingService } from '#lifecycle/tracking/index'
import { isDigest, type Digest } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import { createAliasService } from './alias-service.ts'
import { createAnnounce, type Announce } from './announcement.ts'
import type {
  EvaluationReference,
  Lineage,
  ModelArtifact,
  ModelVersion,
  RegisteredModel,
  StageTransition,
  Trace,
  Transition,
} from './contract.ts'
import { createLookup, type FoundModel } from './lookup.ts'
import { createModelService, type DeployedVersion } from './model-service.ts'
import { checkDescription, checkModelName, checkModelTags } from './names.ts'
import { createSnapshots } from './snapshot.ts'
import { createStageService } from './stage-service.ts'
import { createRegistryStore } from './store.ts'
import type { RegistryTables } from './tables.ts'
import { createVersionService, versionUri } from './version-service.ts'
import { createWebhookService } from './webhooks/webhook-service.ts'

export interface Registration {
  readonly model: string
  /** The tracking run that made it. Registering the same run again answers the version that is there. */
  readonly runId?: string
  /** Registering the same key again answers the version that is there; the run when it is left out. */
  readonly key?: string
  readonly artifacts: readonly ModelArtifact[]
  readonly signature?: ModelSignature
  readonly lineage?: Partial<Lineage>
  readonly evaluation?: EvaluationReference
  /** Markdown. */
  readonly card?: string
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
}

export interface RegistryDependencies {
  readonly platform: Platform
  readonly tracking: Pick<
    TrackingService,
    'getRun' | 'artifactsOfUri' | 'getLoggedModel' | 'noteModelVersion'
  >
  /** What answers with a version of the model; nothing, where nothing is deployed. */
  readonly deployedVersions?: (model: string) => Promise<readonly DeployedVersion[]>
}

export type RegistryService = ReturnType<typeof createRegistryService>

/** The rules of the registry: versions that never change, aliases that move and remember. */
export function createRegistryService(dependencies: RegistryDependencies) {
  const { platform, tracking, deployedVersions = async () => [] } = dependencies
  const { blobs, clock, database, events, log } = platform
  const store = createRegistryStore(database.query.withTables<RegistryTables>(), database.engine)
  const webhooks = createWebhookService({ platform, store })
  const { record: recordHook, wake } = webhooks
  const tell = createAnnounce({ store, events })
  const announce: Announce = async () => {
    wake()
    await tell()
  }
  const snapshots = createSnapshots({ store, blobs, log, artifactsOfUri: tracking.artifactsOfUri })
  const lookup = createLookup({ store, complete: snapshots.complete })
  const { existingModel, followedModel, getModel, getVersion, findVersion } = lookup
  /** A deployment knows a model by the name that it had then. */
  const answeringVersions = async (model: FoundModel): Promise<DeployedVersion[]> => {
    const names = [model.name, ...(await store.formerNames(model.number))]
    return (await Promise.all(names.map(deployedVersions))).flat()
  }
  const shared = { store, lookup, announce, clock, recordHook, deployedVersions, answeringVersions }
  const models = createModelService(shared)
  const versions = createVersionService({
    ...shared,
    takeSnapshot: snapshots.take,
    runArtifactUri: async (id) => (await orUndefined(tracking.getRun(id)))?.artifactUri,
    loggedModels: {
      find: async (id) => {
        const found = await orUndefined(tracking.getLoggedModel(id))
        return found && { runId: found.sourceRunId ?? null, artifactUri: found.artifactUri }
      },
      noteVersion: (id, { name, version }) =>
        tracking.noteModelVersion(id, { name, version: String(version) }),
    },
  })

  const mustBeStored = async (digest: string, sizeBytes?: number): Promise<void> => {
    const stored = isDigest(digest) ? await blobs.head(digest) : undefined
    // Nobody may name these bytes yet: made young, they are not reclaimed before this version does.
    if (stored !== undefined && (sizeBytes === undefined || stored.sizeBytes === sizeBytes))
      return blobs.renew(stored.digest)
    fail('not_found', `No ${sizeBytes ?? ''} bytes with the digest ${digest} are stored.`, {
      hint: 'Log the artifact first; a version only names what is there.',
      at: 'artifacts',
    })
  }

  const artifactOf = async (name: string, reference: string, path: string): Promise<ModelArtifact> => {
    const { artifacts, version } = await getVersion(name, reference)
    return (
      artifacts.find((artifact) => artifact.path === path) ??
      fail('not_found', `Version ${version} of "${name}" has no artifact "${path}".`, {
        hint: `It has ${artifacts.map((artifact) => artifact.path).join(', ')}.`,
      })
    )
  }

  const transitions = async (name: string): Promise<Transition[]> =>
    store.transitions((await followedModel(name)).number)

  const stageTransitions = async (name: string): Promise<StageTransition[]> =>
    store.stageTransitions((await followedModel(name)).number)

  const { addModel, mustNotBeAnswered, ...modelCalls } = models
  return {
    ...createAliasService({ store, announce, clock, existingModel, recordHook }),
    ...modelCalls,
    ...versions,
    ...createStageService(shared),
    getModel,
    getVersion,
    getVersionNumbered: lookup.getVersionNumbered,
    webhooks,
    versionOfAlias: findVersion,

    /** Makes the model when it is new. Failed gates do not stop a registration; they stop a promotion. */
    register: async (registration: Registration, caller: Pick<Caller, 'name'>): Promise<ModelVersion> => {
      const { model, runId, artifacts, tags = {}, evaluation, description = '' } = registration
      checkModelName(model)
      checkModelTags(tags)
      checkDescription(description)
      for (const { digest, sizeBytes } of artifacts) await mustBeStored(digest, sizeBytes)
      if (evaluation !== undefined) await mustBeStored(evaluation.reportDigest)
      if (runId !== undefined) await tracking.getRun(runId)
      await mustNotBeAnswered(model)
      const now = clock.now()
      const version = await store.transaction(async (transaction) => {
        await addModel(transaction, { name: model }, { actor: caller.name, now })
        const number = await store.lockModel(transaction, model, now)
        if (number === undefined) return fail('internal', `The model "${model}" vanished.`)
        if (await store.isPrompt(number, transaction)) {
          fail('already_exists', `"${model}" is a prompt; a model cannot have the same name.`, {
            at: 'model',
          })
        }
        const registrationKey = registration.key ?? (runId === undefined ? null : `run:${runId}`)
        const known =
          registrationKey === null
            ? undefined
            : await store.versionOfKey(transaction, number, registrationKey)
        if (known !== undefined) return known
        const added = await store.insertVersion(transaction, number, {
          runId: runId ?? null,
          registrationKey,
          artifacts: [...artifacts],
          signature: registration.signature ?? null,
          lineage: { datasets: [], parameters: {}, environment: {}, ...registration.lineage },
          evaluation: evaluation ?? null,
          flavors: [],
          card: registration.card ?? '',
          description,
          tags,
          actor: caller.name,
          now,
        })
        await recordHook(transaction, number, {
          entity: 'version',
          action: 'created',
          data: {
            name: model,
            version: String(added),
            source: versionUri(number, added),
            run_id: runId ?? null,
            tags,
            description: description === '' ? null : description,
          },
        })
        return added
      })
      await announce()
      return getVersion(model, String(version))
    },

    /** By name. */
    listModels: (page: { readonly limit: number; readonly after?: string }): Promise<RegisteredModel[]> =>
      store.models(page),

    /** Newest first. */
    listVersions: async (name: string, limit: number): Promise<ModelVersion[]> =>
      store.versions(await followedModel(name), { limit }),

    transitions,
    stageTransitions,

    /** The evaluation report as it was when the version was registered; undefined when nobody evaluated it. */
    report: async (name: string, reference: string): Promise<EvaluationReport | undefined> => {
      const { evaluation, version } = await getVersion(name, reference)
      if (evaluation === null) return undefined
      const text = Buffer.from(await blobs.get(evaluation.reportDigest as Digest)).toString()
      const report = evaluationReportSchema.safeParse(JSON.parse(text))
      if (report.success) return report.data
      return fail(
        'unreadable_data',
        `The evaluation report of "${name}" version ${version} has another form.`,
        {
          hint: 'It was written by another version of DevMLOps; evaluate the model again.',
        },
      )
    },

    /** Run, data, parameters, code and environment of a version, and every move of an alias to or from it. */
    trace: async (name: string, reference: string): Promise<Trace> => {
      const version = await getVersion(name, reference)
      const run = version.runId === null ? undefined : await orUndefined(tracking.getRun(version.runId))
      const moves = await transitions(name)
      const staged = await stageTransitions(name)
      return {
        version,
        run:
          run === undefined
            ? null
            : {
                id: run.id,
                name: run.name,
                experimentId: run.experimentId,
                user: run.user,
                status: run.status,
                startedAt: run.startedAt ?? null,
                endedAt: run.endedAt ?? null,
                params: { ...run.params },
                metrics: Object.fromEntries(
                  run.metrics.map(({ key, value }) => [key, Number.isNaN(value) ? ('NaN' as const) : value]),
                ),
              },
        transitions: moves.filter(
          ({ fromVersion, toVersion }) => fromVersion === version.version || toVersion === version.version,
        ),
        stages: staged.filter((move) => move.version === version.version),
      }
    },

    readArtifact: async (
      { model, reference }: { readonly model: string; readonly reference: string },
      path: string,
    ): Promise<Uint8Array> => blobs.get((await artifactOf(model, reference, path)).digest as Digest),

    streamArtifact: async (
      { model, reference }: { readonly model: string; readonly reference: string },
      path: string,
    ): Promise<ModelArtifact & { readonly content: AsyncIterable<Uint8Array> }> => {
      const artifact = await artifactOf(model, reference, path)
      return { ...artifact, content: await blobs.stream(artifact.digest as Digest) }
    },
  }
}

/** Runs and logged models may be gone, or of another server. */
async function orUndefined<Found>(reading: Promise<Found>): Promise<Found | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof DevmlopsError && error.code === 'not_found') return undefined
    throw error
  }
}
