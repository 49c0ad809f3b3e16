import * as z from 'zod'
import { fail } from '#contract/errors'
import {
  checkFeature,
  featureFields,
  featureSchema,
  type FeatureConfig,
} from '#lifecycle/features/feature-contract'

const kindSchema = z.enum(['number', 'category'])

const listedSchema = z.union([
  z.string().min(1),
  z.strictObject({ name: z.string().min(1), kind: kindSchema.optional() }),
  featureFields.extend({ name: z.string().min(1) }).superRefine(checkFeature),
])

const candidateSchema = z.strictObject({
  name: z.string().min(1).optional().describe("the candidate's name; its trainer's if left out"),
  trainer: z
    .string()
    .min(1)
    .describe('majority, mean, logistic-regression, ridge-regression or gradient-boosting'),
  parameters: z.record(z.string(), z.unknown()).default({}).describe('see the reference page of the trainer'),
})

/** A pipeline's `train` step. */
export const trainStepSchema = z.strictObject({
  data: z.string().min(1).describe('the input to learn from, such as prepare.training'),
  validation: z
    .string()
    .min(1)
    .optional()
    .describe('later rows that decide when boosting stops; never learned from'),
  label: z.string().min(1).describe('the column to predict'),
  positive: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .describe('the value of the label that counts as 1, where it is not 0/1 or false/true'),
  task: z
    .enum(['binary', 'regression'])
    .optional()
    .describe('binary where the label has two values, if left out'),
  features: z
    .union([z.record(z.string().min(1), z.union([kindSchema, featureSchema])), z.array(listedSchema).min(1)])
    .describe(
      'columns to learn from and features, as a map or a list: a column with number or category (text becomes a category), VIEW.FEATURE or VIEW.* of `features:`, or a feature of its own such as { name: hour, column: date, part: hour }',
    ),
  weight: z.string().min(1).optional().describe('a column that says how much each row counts'),
  seed: z.int().min(0).default(0).describe('the same seed on the same data gives the same model'),
  candidates: z.array(candidateSchema).min(1).describe('what to train, in parallel'),
})

export type TrainStep = z.infer<typeof trainStepSchema>

export interface Candidate {
  readonly name: string
  readonly trainer: string
  readonly parameters: Readonly<Record<string, unknown>>
}

/** A column as it is, or a name that may be a feature of a view. */
export interface NamedColumn {
  readonly name: string
  readonly kind?: 'number' | 'category' | undefined
}

/** A feature that the step itself defines. */
export interface OwnFeature {
  readonly name: string
  readonly config: FeatureConfig
}

/** The features of the step as a list, whichever way they were written. */
export function featuresOf({ features }: Pick<TrainStep, 'features'>): (NamedColumn | OwnFeature)[] {
  if (!Array.isArray(features)) {
    return Object.entries(features).map(([name, feature]) =>
      typeof feature === 'string' ? { name, kind: feature } : { name, config: feature },
    )
  }
  return features.map((feature) => {
    if (typeof feature === 'string') return { name: feature }
    if (!('by' in feature)) return feature
    const { name, ...config } = feature
    return { name, config }
  })
}

/** Candidates with a name each: their own, or their trainer's with a number where several share it. */
export function namedCandidates({ candidates }: Pick<TrainStep, 'candidates'>): Candidate[] {
  const named: Candidate[] = []
  for (const { name, trainer, parameters } of candidates) {
    const same = candidates.filter((other) => other.name === undefined && other.trainer === trainer).length
    const earlier = named.filter((other) => other.trainer === trainer).length
    named.push({ name: name ?? (same > 1 ? `${trainer}-${earlier + 1}` : trainer), trainer, parameters })
  }
  const names = named.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return named
  return fail('invalid_project', `Two candidates are called "${twice}".`, {
    hint: 'Give each candidate a name of its own.',
    at: 'candidates',
  })
}
