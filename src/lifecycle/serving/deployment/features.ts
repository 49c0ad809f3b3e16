import { z } from 'zod'
import { nameSchema } from '#lifecycle/features/feature-contract'
import { modelSignatureSchema } from '#lifecycle/tracking/contract'

const columnType = modelSignatureSchema.shape.inputs.element.shape.type

/** YAML reads a bare null as nothing; both spellings mean that the field stays empty. */
const onMissingSettings = z
  .preprocess((value) => (value === null ? 'null' : value), z.enum(['null', 'refuse']))
  .default('null')
  .describe(
    'A key without values, or with values that are too old: the fields stay empty, or the request is refused',
  )

/** `features` of a deployment in devmlops.yaml: what is looked up for clients that do not send it. */
export const featuresSettingsSchema = z
  .array(
    z.strictObject({
      view: nameSchema.describe('A feature view with an entity, materialized'),
      key: z
        .array(z.union([z.string().min(1), z.strictObject({ field: z.string().min(1), type: columnType })]))
        .min(1)
        .max(8)
        .optional()
        .describe('Fields of the request that name the entity, in its order; the entity when left out'),
      version: z.int().positive().optional().describe('Of the view; as it is defined now when left out'),
      on_missing: onMissingSettings,
    }),
  )
  .default([])
  .describe('Values that are looked up by key for fields that a request leaves out')
export type FeaturesSettings = z.output<typeof featuresSettingsSchema>

/** One look-up of a variant, in the serving plan. */
export const featureLookupSchema = z.object({
  view: z.string(),
  version: z.int().positive(),
  /** In the order of the view's entity; `stored`: what the values are kept under. */
  key: z
    .array(z.object({ field: z.string(), type: columnType, stored: z.enum(['text', 'number', 'boolean']) }))
    .min(1),
  /** Inputs of the model that are filled, and the feature that fills each. */
  fields: z.array(z.object({ field: z.string(), feature: z.string() })).min(1),
  onMissing: z.enum(['null', 'refuse']),
})
export type FeatureLookup = z.output<typeof featureLookupSchema>
