import { z } from 'zod'
import { column, forValues, setValue, share, tableReference, twoColumns } from './form-parts.ts'

const weights = z.array(z.number().min(0)).min(1)

/** A distribution written down: shares of values, or shares of the cells between edges. */
const partitionSchema = z.union([
  z.strictObject({ values: z.array(setValue).min(1), weights }),
  z.strictObject({
    bins: z.array(z.number()).min(2).meta({ description: 'Edges, rising; one more than there are weights' }),
    weights,
    tail_weights: z
      .tuple([z.number().min(0), z.number().min(0)])
      .optional()
      .meta({ description: 'The shares below the first and above the last edge' }),
  }),
])
export type Partition = z.infer<typeof partitionSchema>

const against = {
  column,
  reference: tableReference.optional().meta({ description: 'What the rows are compared with' }),
}
const againstEither = {
  ...against,
  partition: partitionSchema.optional().meta({ description: 'A distribution instead of a reference' }),
}
const bins = z.number().int().min(2).max(1000).default(10).meta({
  description: 'How many cells, each with the same share of the reference, a numeric column is cut into',
})
const atMost = z.number().min(0)
const pValue = z.number().gt(0).lt(1).default(0.05).meta({ description: 'It passes above this' })

/** Checks of how the values of a column are spread. */
export const distributionForms = {
  kl_divergence: z.strictObject({
    kl_divergence: z.strictObject({
      ...againstEither,
      bins,
      at_most: atMost.nullable().meta({ description: 'In nats; null: it is told and never fails' }),
      tail_weight_holdout: share.default(0).meta({
        description: 'Weight that is taken off the expected and given to what was not expected',
      }),
      internal_weight_holdout: share.default(0).meta({
        description: 'Weight that is taken off the expected and given to its empty cells',
      }),
    }),
    ...forValues,
  }),
  js_divergence: z.strictObject({
    js_divergence: z.strictObject({ ...againstEither, bins, at_most: atMost }),
    ...forValues,
  }),
  l_infinity: z.strictObject({
    l_infinity: z.strictObject({ ...againstEither, at_most: atMost }),
    ...forValues,
  }),
  psi: z.strictObject({
    psi: z.strictObject({ ...againstEither, bins, at_most: atMost }),
    ...forValues,
  }),
  ks_distance: z.strictObject({
    ks_distance: z.strictObject({ ...against, at_most: atMost }),
    ...forValues,
  }),
  cramers_v: z.strictObject({
    cramers_v: z.strictObject({ ...againstEither, at_most: atMost }),
    ...forValues,
  }),
  emd: z.strictObject({
    emd: z.strictObject({ ...against, at_most: atMost }),
    ...forValues,
  }),
  chi_square_test: z.strictObject({
    chi_square_test: z.strictObject({
      ...againstEither,
      p_value: pValue,
      tail_weight_holdout: share.default(0),
    }),
    ...forValues,
  }),
  ks_test: z.strictObject({
    ks_test: z.strictObject({
      ...against,
      distribution: z
        .enum(['norm', 'uniform', 'expon', 'beta', 'gamma', 'chi2'])
        .optional()
        .meta({ description: 'A distribution instead of a reference' }),
      parameters: z
        .partialRecord(
          z.enum(['mean', 'std_dev', 'min', 'max', 'alpha', 'beta', 'df', 'loc', 'scale']),
          z.number(),
        )
        .optional(),
      p_value: pValue,
    }),
    ...forValues,
  }),
  bootstrapped_ks_test: z.strictObject({
    bootstrapped_ks_test: z.strictObject({
      ...againstEither,
      bins,
      p_value: pValue,
      samples: z.number().int().min(1).max(100_000).default(1000),
      sample_size: z.number().int().min(1).max(100_000).optional(),
      seed: z.number().int().default(0),
    }),
    ...forValues,
  }),
  cramers_phi: z.strictObject({
    cramers_phi: z.strictObject({
      columns: twoColumns,
      at_most: atMost.default(0.1),
      bins: z
        .strictObject({
          first: z.array(z.number()).min(1).optional(),
          second: z.array(z.number()).min(1).optional(),
        })
        .optional()
        .meta({ description: 'Edges that cut numeric columns into cells' }),
    }),
    ...forValues,
  }),
} as const
