import type { Caller } from '#contract/endpoint'
import { DevmlopsError, fail } from '#contract/errors'
import { checkKey, pageFrom } from '#lifecycle/tracking/index'
import type { Clock } from '#platform/clock'
import type { Announce } from './announcement.ts'
import type { ModelVersion, RegisteredModel } from './contract.ts'
import type { FoundModel, Lookup } from './lookup.ts'
import { checkDescription, checkModelName, checkModelTags } from './names.ts'
import { promptTag } from './registered-model-store.ts'
import type { RegistrySearch } from './search-store.ts'
import { stageNamed, stages } from './stage.ts'
import type { RegistryStore, RegistryTransaction } from './store.ts'
import type { RecordHook } from './webhooks/webhook-event.ts'

type Actor = Pick<Caller, 'name'>

/** A version that a deployment answers with. */
export interface DeployedVersion {
  readonly deployment: string
  readonly version: number
}

export interface ModelServiceDependencies {
  readonly store: RegistryStore
  readonly lookup: Lookup
  readonly announce: Announce
  readonly clock: Clock
  readonly recordHook: RecordHook
  /** What answers with a version of the model, under the name that the model had when it was deployed. */
  readonly deployedVersions: (model: string) => Promise<readonly DeployedVersion[]>
  /** What answers with a version of the model, under whatever name. */
  readonly answeringVersions: (model: FoundModel) => Promise<readonly DeployedVersion[]>
}

export interface ModelRequest {
  readonly name: string
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
}

/** A registered model with the newest version in each stage. */
export interface FoundRegisteredModel {
  readonly model: RegisteredModel
  readonly latestVersions: readonly ModelVersion[]
}

/** Rules about registered models, prompts among them. */
export function createModelService(dependencies: ModelServiceDependencies) {
  const { store, lookup, announce, clock, recordHook, deployedVersions, answeringVersions } = dependencies

  /** Makes the model, if it is new, in the caller's transaction. Answers whether it was. */
  const addModel = async (
    transaction: RegistryTransaction,
    { name, description = '', tags = {} }: ModelRequest,
    { actor, now }: { actor: string; now: number },
  ): Promise<boolean> => {
    const isNew = await store.ensureModel(transaction, { name, description, tags, actor, now })
    if (!isNew) return false
    await store.forgetFormerName(transaction, name)
    await store.addNews(transaction, {
      type: 'model.created',
      subject: `model/${name}`,
      actor,
      payload: { model: name },
    })
    const number = (await store.lockModel(transaction, name, now)) ?? 0
    await recordHook(transaction, number, {
      entity: 'model',
      action: 'created',
      data: { name, tags, description },
    })
    return true
  }

  /** A deployment goes on answering with a model that was renamed, by the name it knew; another model must not take it. */
  const mustNotBeAnswered = async (name: string): Promise<void> => {
    if ((await store.modelNumber(name)) !== undefined || (await store.nameSince(name)) === undefined) return
    const [deployed] = await deployedVersions(name)
    if (deployed === undefined) return
    fail(
      'already_exists',
      `"${deployed.deployment}" still answers for the model that was called "${name}".`,
      {
        hint: `Deploy it again under its new name: \`devmlops deploy ${deployed.deployment}\`.`,
      },
    )
  }

  const inModel = async <Result>(
    name: string,
    work: (transaction: RegistryTransaction, modelNumber: number) => Promise<Result>,
  ): Promise<Result> => {
    const { number } = await lookup.existingModel(name)
    const result = await store.transaction((transaction) => work(transaction, number))
    await announce()
    return result
  }

  const withLatest = async (
    models: readonly RegisteredModel[],
    numbers: ReadonlyMap<string, number>,
  ): Promise<FoundRegisteredModel[]> => {
    const latest = Map.groupBy(await store.latestOfStages([...numbers.values()]), ({ model }) => model)
    return models.map((model) => ({ model, latestVersions: latest.get(model.name) ?? [] }))
  }

  const found = async (name: string): Promise<FoundRegisteredModel> => {
    const { number } = await lookup.existingModel(name)
    const model = await lookup.getModel(name)
    const [only] = await withLatest([model], new Map([[model.name, number]]))
    return only ?? { model, latestVersions: [] }
  }

  return {
    addModel,
    mustNotBeAnswered,
    registeredModel: found,

    /** Fails with `already_exists`: a model and a prompt cannot share a name either. */
    createModel: async (request: ModelRequest, caller: Actor): Promise<FoundRegisteredModel> => {
      const { name, description = '', tags = {} } = request
      checkModelName(name)
      checkModelTags(tags)
      checkDescription(description)
      await mustNotBeAnswered(name)
      const made = await store.transaction((transaction) =>
        addModel(transaction, { name, description, tags }, { actor: caller.name, now: clock.now() }),
      )
      if (!made) await refuseTaken(name, tags[promptTag]?.toLowerCase() === 'true')
      await announce()
      return found(name)
    },

    /** Versions, aliases and their history go along; the old name leads to the new one until another model takes it. */
    renameModel: async (
      { from, to }: { readonly from: string; readonly to: string },
      caller: Actor,
    ): Promise<FoundRegisteredModel> => {
      checkModelName(to)
      const now = clock.now()
      if (from === to) return found(from)
      await mustNotBeAnswered(to)
      try {
        await inModel(from, async (transaction, number) => {
          const change = { from, to, actor: caller.name, now }
          if (!(await store.renameModel(transaction, number, change))) {
            fail('already_exists', `Registered Model (name=${to}) already exists.`, { at: 'new_name' })
          }
          const payload = { model: to, formerly: from }
          await store.addNews(transaction, {
            type: 'model.renamed',
            subject: `model/${to}`,
            actor: caller.name,
            payload,
          })
        })
      } catch (error) {
        // Two that take a name at once: the store lets only one have it.
        if (error instanceof DevmlopsError || (await store.modelNumber(to)) === undefined) throw error
        fail('already_exists', `Registered Model (name=${to}) already exists.`, {
          at: 'new_name',
          cause: error,
        })
      }
      return found(to)
    },

    /** For good, with all its versions. Fails with `conflict` while a deployment answers with one of them. */
    deleteModel: async (name: string, caller: Actor): Promise<void> => {
      const model = await lookup.existingModel(name)
      refuseDeployed(name, await answeringVersions(model))
      // What was decided about it is told while it has a name.
      await announce()
      await store.transaction(async (transaction) => {
        await store.deleteModel(transaction, model.number, clock.now())
        await store.addNews(transaction, {
          type: 'model.deleted',
          subject: `model/${name}`,
          actor: caller.name,
          payload: { model: name },
        })
      })
      await announce()
    },

    describeModel: async (
      name: string,
      { description, tags = {} }: Omit<ModelRequest, 'name'>,
    ): Promise<RegisteredModel> => {
      checkModelTags(tags)
      if (description !== undefined) checkDescription(description)
      await inModel(name, async (transaction, number) => {
        if (description !== undefined)
          await store.describeModel(transaction, number, { description, now: clock.now() })
        await store.setModelTags(transaction, number, tags)
        for (const [key, value] of Object.entries(tags)) {
          await recordHook(transaction, number, {
            entity: 'model tag',
            action: 'set',
            data: { name, key, value },
          })
        }
      })
      return lookup.getModel(name)
    },

    /** Answers whether there was such a tag. */
    deleteModelTag: async (name: string, key: string): Promise<boolean> => {
      checkKey('tag', key)
      return inModel(name, async (transaction, number) => {
        await recordHook(transaction, number, { entity: 'model tag', action: 'deleted', data: { name, key } })
        return store.deleteModelTag(transaction, number, key)
      })
    },

    /** By MLflow's filter and order; without prompts, unless the filter asks for them. */
    searchModels: (
      search: RegistrySearch & { limit: number; after?: string },
    ): Promise<{ items: FoundRegisteredModel[]; next?: string }> =>
      pageFrom(search, async (window) => {
        const { items, numbers } = await store.searchModelRows(search, window)
        return withLatest(items, numbers)
      }),

    /** The newest version in each of the stages; all stages when none is named. */
    latestVersions: async (name: string, stageNames: readonly string[] = []): Promise<ModelVersion[]> => {
      const wanted = stageNames.length === 0 ? stages : stageNames.map(stageNamed)
      const { number } = await lookup.existingModel(name)
      return (await store.latestOfStages([number])).filter(({ stage }) => wanted.includes(stage))
    },
  }

  async function refuseTaken(name: string, asPrompt: boolean): Promise<never> {
    const { number } = await lookup.existingModel(name)
    const isPrompt = await store.isPrompt(number)
    const words = (prompt: boolean): string => (prompt ? 'Prompt' : 'Registered Model')
    return fail(
      'already_exists',
      asPrompt === isPrompt
        ? `${words(isPrompt)} (name=${name}) already exists.`
        : `Tried to create a ${words(asPrompt).toLowerCase()} with name '${name}', but the name is already taken by a ${words(isPrompt).toLowerCase()}. A model and a prompt cannot have the same name.`,
      { at: 'name' },
    )
  }
}

export function refuseDeployed(model: string, deployed: readonly DeployedVersion[]): void {
  const [first] = deployed
  if (first === undefined) return
  const { deployment, version } = first
  fail('conflict', `"${deployment}" answers with version ${version} of "${model}".`, {
    hint: `Stop it (\`devmlops deploy ${deployment} --stop\`) or deploy another version first.`,
  })
}
