import { existsSync } from 'node:fs'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { createTurns } from '#platform/turns'
import type { Platform } from '#platform/platform'
import type { DatasetPoint } from '../pipelines/index.ts'
import { joinFile, type JoinCall, type JoinResult } from './joins/join-file.ts'
import { materialize, type Materialized } from './online/materialize.ts'
import type { StoredCell } from './online/value-file.ts'
import { openValueReader, valuePath, type FoundValues, type ValueReader } from './reads.ts'
import type { SplitRecord } from './splits/split-step.ts'
import type { SplitsConfig } from './splits/split-rule.ts'
import {
  createFeatureStore,
  type FeatureUse,
  type KeptSplit,
  type Materialization,
  type ViewVersion,
} from './store.ts'
import {
  definitionDigest,
  isEntityView,
  requireView,
  type EntityView,
  type ViewConfig,
  type ViewsConfig,
} from './views/feature-view.ts'
import type { ViewUse } from './view-use.ts'

/** What the stage needs of the project; composition reads the file. */
export interface FeatureProject {
  /** Absolute. */
  readonly directory: string
  readonly sections: { readonly features: ViewsConfig; readonly splits: SplitsConfig }
}

export interface FeaturesServiceOptions {
  readonly platform: Platform
  readonly project: () => Promise<FeatureProject>
  readonly datasets: DatasetPoint
  /** Fails with permission_denied where a dataset masks columns and the caller may not see them. */
  readonly requireRaw: (dataset: string, caller: Caller) => Promise<void>
  /** Model versions that were registered from a run, as in `returns@3`. */
  readonly modelsOfRun: (runId: string) => Promise<readonly string[]>
}

export interface ViewState {
  readonly name: string
  readonly view: ViewConfig
  readonly digest: string
  /** Undefined until the definition was used. */
  readonly version: number | undefined
}

export interface ViewHistory extends ViewState {
  readonly versions: readonly ViewVersion[]
  readonly uses: readonly (FeatureUse & { readonly models: readonly string[] })[]
  readonly materialization: Materialization | undefined
}

export interface FeaturesService {
  list(search?: string): Promise<ViewState[]>
  get(name: string): Promise<ViewHistory>
  /** The definition as it stands in the project becomes a version, if it is not one yet. */
  keepVersion(name: string, view: ViewConfig, actor: string): Promise<number>
  recordUse(use: ViewUse): Promise<void>
  recordSplit(split: SplitRecord, made: { readonly stepRunId: string; readonly actor: string }): Promise<void>
  splits(filter: { name?: string | undefined; limit: number }): Promise<KeptSplit[]>
  join(call: JoinCall, caller: Caller): Promise<JoinResult>
  materialize(name: string, how: { readonly full: boolean }, caller: Caller): Promise<Materialized>
  lookup(name: string, keys: readonly (readonly StoredCell[])[], caller: Caller): Promise<LookupResult>
}

export interface LookupResult {
  readonly version: number
  readonly watermark: number
  readonly rows: readonly (FoundValues & { readonly key: readonly StoredCell[] })[]
}

const mostUses = 200

export function createFeaturesService(options: FeaturesServiceOptions): FeaturesService {
  const { platform, project, datasets, requireRaw, modelsOfRun } = options
  const store = createFeatureStore(platform.database)

  const stateOf = (name: string, view: ViewConfig, versions: readonly ViewVersion[]): ViewState => {
    const digest = definitionDigest(view)
    return {
      name,
      view,
      digest,
      version: versions.find((known) => known.view === name && known.digest === digest)?.version,
    }
  }

  const keepVersion: FeaturesService['keepVersion'] = async (name, view, actor) => {
    const { version, isNew } = await store.keepVersion(
      { view: name, digest: definitionDigest(view), definition: view },
      { at: platform.clock.now(), by: actor },
    )
    if (isNew) {
      const subject = `feature-view/${name}@${version}`
      await platform.events.emit({ type: 'features.versioned', subject, actor })
    }
    return version
  }

  const inTurn = createTurns()

  return {
    keepVersion,
    list: async (search) => {
      const { features } = (await project()).sections
      const versions = await store.versions()
      return Object.entries(features)
        .filter(([name, view]) => search === undefined || isAbout(name, view, search))
        .map(([name, view]) => stateOf(name, view, versions))
    },
    get: async (name) => {
      const view = requireView((await project()).sections.features, name)
      const versions = await store.versions(name)
      const uses = await store.uses(name, mostUses)
      const models = new Map<string, readonly string[]>()
      for (const { user } of uses) if (user.kind === 'run') models.set(user.id, await modelsOfRun(user.id))
      return {
        ...stateOf(name, view, versions),
        versions,
        uses: uses.map((use) => ({ ...use, models: models.get(use.user.id) ?? [] })),
        materialization: await store.materialization(name),
      }
    },
    recordUse: async ({ view, definition, features, user, actor }) => {
      const version = await keepVersion(view, definition, actor)
      await store.addUse({ view, version, features, user, usedAt: platform.clock.now(), usedBy: actor })
    },
    recordSplit: (split, { stepRunId, actor }) =>
      store.addSplit({ ...split, id: stepRunId, createdAt: platform.clock.now(), createdBy: actor }),
    splits: (filter) => store.splits(filter),
    join: async (call, caller) => {
      // What is joined is written as it is.
      const openDataset: DatasetPoint['openDataset'] = async (reference) => {
        await requireRaw(reference, caller)
        return datasets.openDataset(reference)
      }
      const seen = { ...datasets, openDataset }
      return joinFile(call, { platform, project: await project(), datasets: seen, caller })
    },
    materialize: (name, { full }, caller) =>
      // Two at once would write the same file.
      inTurn('materialize', async () => {
        const view = entityView(name, requireView((await project()).sections.features, name))
        const version = await keepVersion(name, view, caller.name)
        const previous = await store.materialization(name, version)
        const made = await materialize(
          { name, view, version, previous, full, actor: caller.name },
          { platform, datasets },
        )
        await store.keepMaterialization(made)
        await platform.events.emit({
          type: 'features.materialized',
          subject: `feature-view/${name}@${version}`,
          actor: caller.name,
          payload: { source: made.source.label, keys: made.keys, changedKeys: made.changedKeys },
        })
        return made
      }),
    lookup: async (name, keys, caller) => {
      const view = entityView(name, requireView((await project()).sections.features, name))
      await requireRaw(view.source, caller)
      const { version } = stateOf(name, view, await store.versions(name))
      const reader =
        version === undefined ? undefined : openReader(valuePath(platform.config.home, name, version))
      if (version === undefined || reader === undefined) {
        return fail('not_found', `The feature view "${name}", as it is defined now, has no values yet.`, {
          hint: `Work them out: devmlops features materialize ${name}`,
          at: name,
        })
      }
      try {
        const { entity } = view
        const odd = keys.find((key) => key.length !== entity.length)
        if (odd !== undefined) {
          fail(
            'invalid_input',
            `A key of "${name}" has ${entity.length} values (${entity.join(', ')}); one has ${odd.length}.`,
          )
        }
        const now = platform.clock.now()
        return {
          version,
          watermark: reader.watermark,
          rows: keys.map((key) => ({ key, ...reader.lookup(key, now) })),
        }
      } finally {
        reader.close()
      }
    },
  }
}

function entityView(name: string, view: ViewConfig): EntityView {
  if (isEntityView(view)) return view
  return fail(
    'invalid_input',
    `The features of "${name}" are computed from the row itself; there is nothing to look up.`,
    {
      at: name,
    },
  )
}

function openReader(path: string): ValueReader | undefined {
  return existsSync(path) ? openValueReader(path) : undefined
}

function isAbout(name: string, view: ViewConfig, search: string): boolean {
  const text = JSON.stringify([name, view]).toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
