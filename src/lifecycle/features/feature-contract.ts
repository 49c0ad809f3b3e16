import { z } from 'zod'
import { durationMs } from '#contract/units'

export const nameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,99}$/)
  .meta({ description: 'Letters, digits and _, starting with a letter' })

const column = z.string().min(1)

export const aggregateSchema = z.enum(['count', 'sum', 'mean', 'min', 'max'])
export const datePartSchema = z.enum(['minute', 'hour', 'weekday', 'day', 'day_of_year', 'month', 'year'])

const pair = z.tuple([column, column])

/** Where the value comes from: exactly one of these. */
const origins = {
  column: column.optional().meta({ description: 'A column as it is' }),
  ratio: pair.optional().meta({ description: '[A, B]: A / B, missing where B is 0' }),
  difference: pair
    .optional()
    .meta({ description: '[A, B]: A - B; of two times, the milliseconds between them' }),
  sql: z.string().min(1).optional().meta({ description: 'An expression on one row of the source' }),
  aggregate: aggregateSchema
    .optional()
    .meta({ description: 'Over the rows of the same key, up to the time of the newest' }),
  lag: column.optional().meta({ description: 'What this column held in an earlier row of the same key' }),
} as const

const impute = z.union([
  z.enum(['mean', 'median', 'most_frequent']),
  z.strictObject({ value: z.union([z.number(), z.string().min(1)]) }),
])

const edges = z
  .array(z.number())
  .min(1)
  .max(1000)
  .refine((values) => values.every((value, i) => i === 0 || value > (values[i - 1] as number)), {
    message: 'each edge is larger than the one before',
  })

const bucket = z.union([
  edges,
  z.strictObject({ quantiles: z.int().min(2).max(1000) }),
  z.strictObject({ equal_width: z.int().min(2).max(1000) }),
])

const encode = z.union([
  z.enum(['category', 'ordinal', 'one_hot', 'target']),
  z.strictObject({
    one_hot: z.strictObject({ most: z.int().min(1).max(1000).default(50) }),
  }),
  z.strictObject({
    hash: z.int().min(2).max(4096).meta({ description: 'How many columns' }),
    words: z.boolean().default(false).meta({ description: 'Each word on its own, counted' }),
  }),
  z.strictObject({
    target: z.strictObject({
      smoothing: z.number().min(0).default(20).meta({ description: 'Rows that the overall mean counts as' }),
      folds: z.int().min(2).max(50).default(5),
    }),
  }),
])

/**
 * What becomes of the value, always in this order: part, impute, log, bucket, scale, encode. All of it is one row's own
 * business, so it is carried into the model's graph.
 */
const transforms = {
  part: datePartSchema.optional().meta({ description: 'Of a time, in UTC; weekday 1 is Monday' }),
  cyclic: z.boolean().default(false).meta({ description: 'As sine and cosine, so that 23 h is next to 0 h' }),
  impute: impute.optional().meta({ description: 'In place of missing values: fitted, or a value' }),
  log: z
    .union([z.literal(true), z.strictObject({ plus: z.number() })])
    .optional()
    .meta({ description: 'Natural logarithm, of the value plus a number; missing where it is not above 0' }),
  bucket: bucket.optional().meta({ description: 'The number of edges at or below the value' }),
  scale: z.enum(['standard', 'min_max']).optional(),
  encode: encode.optional().meta({ description: 'Text, or numbers as categories' }),
} as const

/** A feature as it is written; see {@link checkFeature} for what must hold between its fields. */
export const featureFields = z.strictObject({
  description: z.string().optional(),
  ...origins,
  of: column.optional().meta({ description: 'The column that is aggregated' }),
  over: durationMs.optional().meta({ description: 'How far an aggregate reaches back' }),
  by: z.int().min(1).max(1000).default(1).meta({ description: 'How many rows a lag goes back' }),
  ...transforms,
})

export type FeatureConfig = z.output<typeof featureFields>

export const featureSchema = featureFields.superRefine(checkFeature)

export function checkFeature(feature: FeatureConfig, context: z.RefinementCtx): void {
  const issue = (message: string): void => context.addIssue({ code: 'custom', message })
  const named = originNames.filter((name) => feature[name] !== undefined)
  if (named.length !== 1) {
    issue(
      `expected exactly one of ${originNames.join(', ')}${named.length === 0 ? '' : `; found ${named.join(', ')}`}`,
    )
  }
  if (feature.aggregate !== undefined && feature.over === undefined)
    issue('an aggregate needs `over`, such as 7d')
  if (feature.aggregate !== undefined && feature.aggregate !== 'count' && feature.of === undefined) {
    issue(`${feature.aggregate} needs \`of\`, the column`)
  }
  if (feature.aggregate === undefined && (feature.of !== undefined || feature.over !== undefined)) {
    issue('`of` and `over` belong to an aggregate')
  }
  if (feature.cyclic && (feature.part === undefined || feature.part === 'year')) {
    issue('`cyclic` needs a `part` that comes round, such as hour')
  }
  if (feature.cyclic && (feature.bucket ?? feature.scale ?? feature.encode ?? feature.log) !== undefined) {
    issue('sine and cosine are final: nothing may follow `cyclic`')
  }
  if (feature.encode !== undefined && feature.scale !== undefined) issue('what is encoded cannot be scaled')
}

export const originNames = ['column', 'ratio', 'difference', 'sql', 'aggregate', 'lag'] as const
export type OriginName = (typeof originNames)[number]

export function originOf(feature: FeatureConfig): OriginName {
  return originNames.find((name) => feature[name] !== undefined) ?? 'column'
}

/** Columns of the source, or of the training table, that the value comes from; those of SQL are not known. */
export function columnsOf(feature: FeatureConfig): string[] {
  const { column: one, ratio, difference, of, lag } = feature
  return [one, ...(ratio ?? []), ...(difference ?? []), of, lag].filter((name) => name !== undefined)
}
