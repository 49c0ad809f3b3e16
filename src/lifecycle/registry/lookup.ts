import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { ModelVersion, RegisteredModel } from './contract.ts'
import { checkModelName } from './names.ts'
import type { RegistryStore } from './store.ts'

export interface FoundModel {
  readonly number: number
  /** Its name now. */
  readonly name: string
}

export type Lookup = ReturnType<typeof createLookup>

interface LookupDependencies {
  readonly store: RegistryStore
  /** Completes a version whose files were not there when it was registered. */
  complete(version: ModelVersion, modelNumber: number): Promise<ModelVersion>
}

/** Finds models and versions by what people call them. */
export function createLookup({ store, complete }: LookupDependencies) {
  const noModel = async (name: string): Promise<never> => {
    const renamed = await store.nameSince(name)
    if (renamed !== undefined) {
      fail('not_found', `There is no registered model "${name}": it was renamed to "${renamed}".`, {
        hint: `Use the new name; in devmlops.yaml too, where it is written.`,
      })
    }
    const meant = nearestName(
      name,
      (await store.models({ limit: 1000 })).map((model) => model.name),
    )
    return fail('not_found', `There is no registered model "${name}".`, {
      hint: meant === undefined ? 'See `devmlops models list`.' : `Did you mean "${meant}"?`,
    })
  }

  /** By its name of today. */
  const existingModel = async (name: string): Promise<FoundModel> => {
    checkModelName(name)
    const number = await store.modelNumber(name)
    return number === undefined ? noModel(name) : { number, name }
  }

  /** By a name that it has or had: what was written down before a rename still leads to the model. */
  const followedModel = async (name: string): Promise<FoundModel> => {
    const number = await store.modelNumber(name)
    return number === undefined ? existingModel((await store.nameSince(name)) ?? name) : { number, name }
  }

  const versionOf = async (model: FoundModel, reference: string): Promise<ModelVersion | undefined> => {
    const version = await store.versionNumberOf(model.number, reference)
    if (version === undefined) return undefined
    const [found] = await store.versions(model, { version, limit: 1 })
    return found && complete(found, model.number)
  }

  const noVersion = async ({ number, name }: FoundModel, reference: string): Promise<never> => {
    const latest = await store.versionNumberOf(number, 'latest')
    const [model] = await store.models({ limit: 1, name })
    const aliases = Object.keys(model?.aliases ?? {}).join(', ') || '(none)'
    return fail('not_found', `The model "${name}" has no version or alias "${reference}".`, {
      hint: `Its newest version is ${latest ?? '(none)'} and its aliases are ${aliases}.`,
    })
  }

  return {
    existingModel,
    followedModel,

    getModel: async (name: string): Promise<RegisteredModel> => {
      const [model] = await store.models({ limit: 1, name: (await followedModel(name)).name })
      return model ?? noModel(name)
    },

    /** By alias, number or `latest`; undefined when there is no such model or version. */
    findVersion: async (name: string, reference: string): Promise<ModelVersion | undefined> => {
      const number = await store.modelNumber(name)
      if (number !== undefined) return versionOf({ number, name }, reference)
      // Whoever follows an alias of a model that was renamed must learn that, not wait for a version.
      return (await store.nameSince(name)) === undefined ? undefined : noModel(name)
    },

    /** By a name that the model has or had, and an alias, a number or `latest`. */
    getVersion: async (name: string, reference: string): Promise<ModelVersion> => {
      const model = await followedModel(name)
      return (await versionOf(model, reference)) ?? noVersion(model, reference)
    },

    /** By the model's name of today and the number. */
    getVersionNumbered: async (name: string, version: number): Promise<ModelVersion> => {
      const model = await existingModel(name)
      const [found] = await store.versions(model, { version, limit: 1 })
      return found ?? noVersion(model, String(version))
    },
  }
}
