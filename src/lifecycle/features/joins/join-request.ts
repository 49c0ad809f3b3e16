import { z } from 'zod'
import { fail } from '#contract/errors'
import { nameSchema } from '../feature-contract.ts'
import {
  columnNameOf,
  featuresNamed,
  isEntityView,
  requireView,
  type ViewsConfig,
} from '../views/feature-view.ts'
import type { JoinedView } from './point-in-time.ts'

const reference = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]*(?:\.(?:\*|[A-Za-z][A-Za-z0-9_]*))?$/)
  .meta({ description: 'VIEW, VIEW.FEATURE or VIEW.*' })

/** What a join is, besides its rows. */
export const joinFieldsSchema = z.object({
  time: z.string().min(1).describe('The column of the rows with the moment that each looks from'),
  features: z
    .array(
      z.union([
        reference,
        z.strictObject({
          from: reference,
          keys: z
            .record(z.string(), z.string())
            .prefault({})
            .meta({ description: 'Entity column → column of the rows, where they are called otherwise' }),
          as: nameSchema
            .optional()
            .meta({ description: 'In place of the view in the names of the new columns' }),
        }),
      ]),
    )
    .min(1)
    .describe('Which features; the new columns are called VIEW__FEATURE'),
  boundary: z
    .enum(['at_or_before', 'before'])
    .default('at_or_before')
    .describe('before: what happens at the very moment of a row, such as the row itself, is not known to it'),
})
export type JoinFields = z.output<typeof joinFieldsSchema>

interface Surroundings {
  readonly views: ViewsConfig
  /** Where the rows of a view's source are. */
  readonly relationOf: (source: string, view: string) => string
}

/** @throws not_found for views and features that the project does not have, invalid_input for those that cannot be joined */
export function joinedViews({ features }: JoinFields, { views, relationOf }: Surroundings): JoinedView[] {
  const joined = new Map<string, JoinedView>()
  for (const item of features) {
    const { from, keys, as } = typeof item === 'string' ? { from: item, keys: {}, as: undefined } : item
    for (const { view: name, feature } of featuresNamed(views, from)) {
      const view = requireView(views, name)
      if (!isEntityView(view)) {
        return fail(
          'invalid_input',
          `The features of "${name}" are computed from the row itself; there is nothing to join.`,
          {
            hint: `Name them where a model is trained: features: [${name}.${feature}]`,
            at: from,
          },
        )
      }
      const id = `${name} ${as ?? ''} ${JSON.stringify(keys)}`
      const before = joined.get(id)
      joined.set(id, {
        name,
        view,
        relation: before?.relation ?? relationOf(view.source, name),
        features: [...new Set([...(before?.features ?? []), feature])],
        keyColumns: view.entity.map((entity) => keys[entity] ?? entity),
        columns: { ...before?.columns, [feature]: columnNameOf(as ?? name, feature) },
      })
    }
  }
  return [...joined.values()]
}

export function viewsNamed(features: JoinFields['features']): string[] {
  const names = features.map((item) => (typeof item === 'string' ? item : item.from).split('.')[0] ?? '')
  return [...new Set(names)]
}
