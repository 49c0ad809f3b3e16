import { fail, messageOf } from '#contract/errors'
import { valueFacts, valuePath, type StoredCell } from '#lifecycle/features/reads'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { DeploymentSettings } from './contract.ts'
import type { FeatureLookup, FeaturesSettings } from './deployment/features.ts'

export interface FeatureLookupsOptions {
  /** The folder below which values were materialized. */
  readonly home: string
  /** The version of a view that is defined now; undefined when it was never used. */
  readonly versionOfView: (view: string) => Promise<number | undefined>
}

interface Settings extends Pick<DeploymentSettings, 'features'> {
  readonly environments?:
    | Readonly<Record<string, { readonly features?: FeaturesSettings | undefined }>>
    | undefined
}

/** What a deployment looks up, worked out for a model. */
export function createFeatureLookups({ home, versionOfView }: FeatureLookupsOptions) {
  const pin = async (features: FeaturesSettings): Promise<FeaturesSettings> =>
    Promise.all(
      features.map(async (feature) => {
        const version = feature.version ?? (await versionOfView(feature.view))
        return { ...feature, ...(version === undefined ? {} : { version }) }
      }),
    )
  return {
    /** Settings with the version of each view, so that a revision keeps what it looked up. */
    pinned: async <Given extends Settings>(
      deployments: Readonly<Record<string, Given>>,
    ): Promise<Record<string, Given>> => {
      const entries = Object.entries(deployments).map(async ([name, settings]): Promise<[string, Given]> => {
        const { features, environments } = settings
        const changed = Object.entries(environments ?? {}).map(async ([environment, own]) => [
          environment,
          own.features === undefined ? own : { ...own, features: await pin(own.features) },
        ])
        return [
          name,
          {
            ...settings,
            features: await pin(features),
            ...(environments === undefined
              ? {}
              : { environments: Object.fromEntries(await Promise.all(changed)) as typeof environments }),
          },
        ]
      })
      return Object.fromEntries(await Promise.all(entries))
    },
    /** Fails with `not_ready` for a view without values, and `invalid_input` for one that fits no field of the model. */
    of: (features: FeaturesSettings, signature: ModelSignature): FeatureLookup[] =>
      features.map((feature) => lookupOf(feature, { signature, home })),
  }
}

function lookupOf(
  { view, version, key, on_missing }: FeaturesSettings[number],
  { signature, home }: { readonly signature: ModelSignature; readonly home: string },
): FeatureLookup {
  if (version === undefined) return unmaterialized(view, 'it was never materialized')
  const { entity, features, keys } = factsOf(view, valuePath(home, view, version))
  const given = key ?? entity
  if (given.length !== entity.length) {
    fail(
      'invalid_input',
      `The key of ${view} has ${entity.length} fields (${entity.join(', ')}); ${given.length} are given.`,
    )
  }
  const taken = new Map(signature.inputs.map((input) => [input.name, input.type]))
  const fields = features.flatMap((feature) => {
    const field = [`${view}__${feature}`, feature].find((name) => taken.has(name))
    return field === undefined ? [] : [{ field, feature }]
  })
  if (fields.length === 0) {
    fail(
      'invalid_input',
      `The model takes none of the features of ${view}: ${features.join(', ')}. Its fields: ${[...taken.keys()].join(', ')}.`,
      { hint: `A field is filled that is called as the feature, or ${view}__ and the feature.` },
    )
  }
  return {
    view,
    version,
    key: given.map((part, place) => {
      const cells = keys.map((cellsOfKey) => cellsOfKey[place] ?? null)
      const field = typeof part === 'string' ? part : part.field
      const type = typeof part === 'string' ? (taken.get(field) ?? typeOfCells(cells)) : part.type
      return { field, type, stored: storedAs(cells) }
    }),
    fields,
    onMissing: on_missing,
  }
}

function factsOf(view: string, path: string): ReturnType<typeof valueFacts> {
  try {
    return valueFacts(path)
  } catch (error) {
    return unmaterialized(view, messageOf(error))
  }
}

function unmaterialized(view: string, why: string): never {
  return fail('not_ready', `The feature view "${view}" has no values to look up: ${why}.`, {
    hint: `Work them out: devmlops features materialize ${view}`,
  })
}

/** Whole numbers of a database are kept as text, because they may have 64 bits. */
function typeOfCells(cells: readonly StoredCell[]): FeatureLookup['key'][number]['type'] {
  if (storedAs(cells) === 'boolean') return 'boolean'
  if (storedAs(cells) === 'number') return 'double'
  const isWhole = (cell: StoredCell): boolean =>
    typeof cell === 'string' && /^(?:0|-?[1-9]\d{0,17})$/.test(cell)
  return cells.length > 0 && cells.every(isWhole) ? 'long' : 'string'
}

function storedAs(cells: readonly StoredCell[]): FeatureLookup['key'][number]['stored'] {
  const [first] = cells
  if (typeof first === 'number') return 'number'
  return typeof first === 'boolean' ? 'boolean' : 'text'
}

export type FeatureLookups = ReturnType<typeof createFeatureLookups>
