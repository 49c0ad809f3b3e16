import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { evaluationReportSchema, type EvaluationReport } from '#lifecycle/evaluation/index'
import type { ModelSignature, TrackingService } from '#lifecycle/tracking/index'
import { isDigest, type Digest } from '#platform/blobs/index'
import { nearestName } from '#platform/nearest-name'
import type { Platform } from '#platform/platform'
import { createAliasService } from './alias-service.ts'
import { createAnnounce } from './announcement.ts'
import type {
  EvaluationReference,
  Lineage,
  ModelArtifact,
  ModelVersion,
  RegisteredModel,
  Trace,
  Transition,
} from './contract.ts'
import { checkModelName, checkModelTags } from './names.ts'
import { createRegistryStore } from './store.ts'
import type { RegistryTables } from './tables.ts'

export interface Registration {
  readonly model: string
  /** The tracking run that made it. Registering the same run again answers the version that is there. */
  readonly runId?: string
  readonly artifacts: readonly ModelArtifact[]
  readonly signature?: ModelSignature
  readonly lineage?: Partial<Lineage>
  readonly evaluation?: EvaluationReference
  /** Markdown. */
  readonly card?: string
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
}

export interface Details {
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
}

export interface RegistryDependencies {
  readonly platform: Platform
  readonly tracking: Pick<TrackingService, 'getRun'>
}

export type RegistryService = ReturnType<typeof createRegistryService>

/** The rules of the registry: versions that never change, aliases that move and remember. */
export function createRegistryService({ platform, tracking }: RegistryDependencies) {
  const { blobs, clock, database, events } = platform
  const store = createRegistryStore(database.query.withTables<RegistryTables>())
  const announce = createAnnounce({ store, events })

  const existingModel = async (name: string): Promise<{ number: number; name: string }> => {
    const number = await store.modelNumber(name)
    if (number !== undefined) return { number, name }
    const known = (await store.models({ limit: 1000 })).map((model) => model.name)
    const meant = nearestName(name, known)
    return fail('not_found', `There is no registered model "${name}".`, {
      hint: meant === undefined ? 'See `devmlops models list`.' : `Did you mean "${meant}"?`,
    })
  }

  const getModel = async (name: string): Promise<RegisteredModel> => {
    const [model] = await store.models({ limit: 1, name })
    return model ?? existingModel(name).then(() => getModel(name))
  }

  /** Undefined when the model, the version or the alias does not exist. */
  const findVersion = async (name: string, reference: string): Promise<ModelVersion | undefined> => {
    const number = await store.modelNumber(name)
    if (number === undefined) return undefined
    const version = await store.versionNumberOf(number, reference)
    if (version === undefined) return undefined
    return (await store.versions({ number, name }, { version, limit: 1 }))[0]
  }

  const getVersion = async (name: string, reference: string): Promise<ModelVersion> => {
    const { number } = await existingModel(name)
    const found = await findVersion(name, reference)
    if (found !== undefined) return found
    const aliases = Object.keys((await getModel(name)).aliases)
    const latest = await store.versionNumberOf(number, 'latest')
    return fail('not_found', `The model "${name}" has no version or alias "${reference}".`, {
      hint: `It has the versions 1 to ${latest ?? 0} and the aliases ${aliases.join(', ') || '(none)'}.`,
    })
  }

  const keyOf = async (name: string, reference: string) => ({
    modelNumber: (await existingModel(name)).number,
    version: (await getVersion(name, reference)).version,
  })

  const mustBeStored = async (digest: string, sizeBytes?: number): Promise<void> => {
    const stored = isDigest(digest) ? await blobs.head(digest) : undefined
    if (stored !== undefined && (sizeBytes === undefined || stored.sizeBytes === sizeBytes)) return
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
    store.transitions((await existingModel(name)).number)

  return {
    ...createAliasService({ store, announce, clock, existingModel }),
    getModel,
    getVersion,

    /** By alias, number or `latest`; undefined when there is no such model or version. */
    versionOfAlias: findVersion,

    /** Makes the model when it is new. Failed gates do not stop a registration; they stop a promotion. */
    register: async (registration: Registration, caller: Pick<Caller, 'name'>): Promise<ModelVersion> => {
      const { model, runId, artifacts, tags = {}, evaluation } = registration
      checkModelName(model)
      checkModelTags(tags)
      for (const { digest, sizeBytes } of artifacts) await mustBeStored(digest, sizeBytes)
      if (evaluation !== undefined) await mustBeStored(evaluation.reportDigest)
      if (runId !== undefined) await tracking.getRun(runId)
      const now = clock.now()
      const version = await store.transaction(async (transaction) => {
        await store.ensureModel(transaction, { name: model, actor: caller.name, now })
        const number = await store.lockModel(transaction, model, now)
        if (number === undefined) return fail('internal', `The model "${model}" vanished.`)
        const registrationKey = runId === undefined ? null : `run:${runId}`
        const known =
          registrationKey === null
            ? undefined
            : await store.versionOfKey(transaction, number, registrationKey)
        if (known !== undefined) return known
        return store.insertVersion(transaction, number, {
          runId: runId ?? null,
          registrationKey,
          artifacts: [...artifacts],
          signature: registration.signature ?? null,
          lineage: { datasets: [], parameters: {}, environment: {}, ...registration.lineage },
          evaluation: evaluation ?? null,
          card: registration.card ?? '',
          description: registration.description ?? '',
          tags,
          actor: caller.name,
          now,
        })
      })
      await announce()
      return getVersion(model, String(version))
    },

    /** By name. */
    listModels: (page: { readonly limit: number; readonly after?: string }): Promise<RegisteredModel[]> =>
      store.models(page),

    /** Newest first. */
    listVersions: async (name: string, limit: number): Promise<ModelVersion[]> =>
      store.versions(await existingModel(name), { limit }),

    transitions,

    describeModel: async (name: string, { description, tags = {} }: Details): Promise<RegisteredModel> => {
      checkModelTags(tags)
      const { number } = await existingModel(name)
      const change = { tags, now: clock.now(), ...(description === undefined ? {} : { description }) }
      await store.updateModel(number, change)
      return getModel(name)
    },

    describeVersion: async (
      { model, reference }: { readonly model: string; readonly reference: string },
      { description, tags = {} }: Details,
    ): Promise<ModelVersion> => {
      checkModelTags(tags)
      const key = await keyOf(model, reference)
      await store.updateVersion(key, { tags, ...(description === undefined ? {} : { description }) })
      return getVersion(model, String(key.version))
    },

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
      const run = version.runId === null ? undefined : await tracking.getRun(version.runId)
      const moves = await transitions(name)
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
