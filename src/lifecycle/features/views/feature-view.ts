import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fail } from '#contract/errors'
import { durationMs } from '#contract/units'
import { nearestName } from '#platform/nearest-name'
import { columnsOf, featureSchema, nameSchema, originOf, type FeatureConfig } from '../feature-contract.ts'

const column = z.string().min(1)

const fields = z.strictObject({
  description: z.string().optional(),
  source: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/)
    .optional()
    .meta({ description: 'A dataset, without version' }),
  entity: z
    .union([column, z.array(column).min(1).max(8)])
    .optional()
    .transform((entity) => (typeof entity === 'string' ? [entity] : (entity ?? [])))
    .meta({ description: 'The column or columns that name what the features are about' }),
  time: column.optional().meta({ description: 'The column that says from when a row holds' }),
  created: column.optional().meta({
    description:
      'The column that says when a row became known; `created_at` where the source has it. `none` looks at `time` only',
  }),
  ttl: durationMs
    .optional()
    .meta({ description: 'A row that is older than this, seen from the moment of use, is missing' }),
  features: z
    .record(nameSchema, z.union([column, featureSchema]))
    .refine((features) => Object.keys(features).length > 0, { message: 'a view has at least one feature' })
    .transform((features): Record<string, FeatureConfig> =>
      Object.fromEntries(
        Object.entries(features).map(([name, feature]) => [
          name,
          typeof feature === 'string' ? featureSchema.parse({ column: feature }) : feature,
        ]),
      ),
    ),
})

export type ViewConfig = z.output<typeof fields>
export type ViewsConfig = Readonly<Record<string, ViewConfig>>

export const viewSchema = fields.superRefine((view, context) => {
  const given = [view.source !== undefined, view.entity.length > 0, view.time !== undefined]
  if (given.some(Boolean) && !given.every(Boolean)) {
    context.addIssue({
      code: 'custom',
      message:
        'source, entity and time belong together; without all three the features are made of the row itself',
    })
  }
  for (const [name, feature] of Object.entries(view.features)) {
    const origin = originOf(feature)
    if (given.some(Boolean) || !['sql', 'aggregate', 'lag'].includes(origin)) continue
    context.addIssue({
      code: 'custom',
      path: ['features', name],
      message: `${origin} cannot be computed from one row when a model answers; it needs a view with source, entity and time`,
    })
  }
})

/** A view whose values are looked up by key and time; the others are computed from the row itself. */
export interface EntityView extends ViewConfig {
  readonly source: string
  readonly time: string
}

export function isEntityView(view: ViewConfig): view is EntityView {
  return view.entity.length > 0
}

/** What a joined feature is called in a table. */
export function columnNameOf(view: string, feature: string): string {
  return `${view}__${feature}`
}

/** Changes when a value may change: descriptions and the order of features do not count. */
export function definitionDigest(view: ViewConfig): string {
  const { description: _ours, features, ...rest } = view
  const plain = Object.entries(features)
    .map(([name, { description: _theirs, ...feature }]) => [name, sorted(feature)] as const)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
  return `sha256:${createHash('sha256')
    .update(JSON.stringify([sorted(rest), plain]))
    .digest('hex')}`
}

function sorted(value: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
}

/** @throws not_found with the nearest name */
export function requireView(views: ViewsConfig, name: string): ViewConfig {
  const found = Object.hasOwn(views, name) ? views[name] : undefined
  if (found !== undefined) return found
  const near = nearestName(name, Object.keys(views))
  return fail('not_found', `The project has no feature view "${name}".`, {
    hint: near === undefined ? 'Describe it under `features:` in devmlops.yaml.' : `Did you mean "${near}"?`,
    at: name,
  })
}

/** A feature with the view that it belongs to. */
export interface NamedFeature {
  readonly view: string
  readonly feature: string
}

/** Reads `view.feature`, `view.*` and `view`. @throws not_found with the nearest name */
export function featuresNamed(views: ViewsConfig, reference: string): NamedFeature[] {
  const [view = '', feature = '*'] = reference.split('.')
  const known = Object.keys(requireView(views, view).features)
  if (feature === '*') return known.map((name) => ({ view, feature: name }))
  if (known.includes(feature)) return [{ view, feature }]
  const near = nearestName(feature, known)
  return fail('not_found', `The feature view "${view}" has no feature "${feature}".`, {
    hint: near === undefined ? `It has ${known.join(', ')}.` : `Did you mean "${view}.${near}"?`,
    at: reference,
  })
}

/** Columns of the source that a view reads, as far as they are known by name. */
export function sourceColumns(view: EntityView): string[] {
  const { entity, time, created, features } = view
  return [
    ...new Set([
      ...entity,
      time,
      ...(created === undefined || created === 'none' ? [] : [created]),
      ...Object.values(features).flatMap(columnsOf),
    ]),
  ]
}
