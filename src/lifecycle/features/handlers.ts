import type { Handlers } from '#contract/endpoint'
import type { featuresContract, ViewSummary } from './contract.ts'
import type { FeaturesService, ViewState } from './service.ts'
import { describeRule } from './splits/split-rule.ts'
import { describeFeature } from './views/describe-feature.ts'

export function featuresHandlers(service: FeaturesService): Handlers<typeof featuresContract> {
  return {
    list: async ({ search }) => ({ items: (await service.list(search)).map(summaryOf) }),
    get: async ({ view }) => {
      const found = await service.get(view)
      const { materialization } = found
      return {
        ...summaryOf(found),
        versions: found.versions.map(({ version, digest, createdAt, createdBy }) => ({
          version,
          digest,
          createdAt,
          createdBy,
        })),
        uses: found.uses.map((use) => ({ ...use, features: [...use.features], models: [...use.models] })),
        materialization: materialization ?? null,
      }
    },
    join: async (call, { caller }) => {
      const { views, notes, ...result } = await service.join(call, caller)
      return { ...result, views: [...views], notes: [...notes] }
    },
    materialize: async ({ view, full }, { caller }) => {
      const { notes, ...made } = await service.materialize(view, { full }, caller)
      return { ...made, notes: [...notes] }
    },
    lookup: async ({ view, keys }, { caller }) => {
      const { rows, ...found } = await service.lookup(
        view,
        keys.map((key) => (Array.isArray(key) ? key : [key])),
        caller,
      )
      return { ...found, rows: rows.map((row) => ({ ...row, key: [...row.key], values: { ...row.values } })) }
    },
    splits: async ({ name, limit }) => ({
      items: (await service.splits({ name, limit })).map((split) => ({
        ...split,
        rule: { ...split.rule },
        parts: [...split.parts],
        boundaries: { ...split.boundaries },
        summary: describeRule(split.rule),
      })),
    }),
  }
}

function summaryOf({ name, view, digest, version }: ViewState): ViewSummary {
  const { description, entity, source, time, ttl } = view
  return {
    name,
    entity: [...entity],
    features: Object.entries(view.features).map(([feature, config]) => ({
      name: feature,
      summary: describeFeature(config),
      ...(config.description === undefined ? {} : { description: config.description }),
    })),
    version: version ?? null,
    digest,
    ...(description === undefined ? {} : { description }),
    ...(source === undefined ? {} : { source }),
    ...(time === undefined ? {} : { time }),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
  }
}
