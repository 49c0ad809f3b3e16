import { z } from 'zod'
import { column, columnList, eachColumn, forRows, forValues, share } from './form-parts.ts'

const columns = columnList.optional().meta({ description: 'All columns when it is left out' })
const correlation = {
  label: column.meta({ description: 'The column that a model shall predict' }),
  at_most: share.default(0.8).meta({ description: 'The highest power to predict the label that is taken' }),
}

/** Checks for what spoils a table for learning, though each value by itself may be good. */
export const integrityForms = {
  more_than_one_value: z.strictObject({
    more_than_one_value: eachColumn.meta({
      description: 'Columns that tell something: not one value throughout',
    }),
    ...forValues,
  }),
  no_mixed_nulls: z.strictObject({
    no_mixed_nulls: z.union([
      eachColumn.transform(({ each }) => ({ each, tokens: undefined })),
      z
        .strictObject({
          columns: z.union([column, columnList]),
          tokens: z.array(z.string()).min(1).optional().meta({ description: 'Text that means missing' }),
        })
        .transform(({ columns: names, tokens }) => ({
          each: (typeof names === 'string' ? [names] : names) as readonly string[],
          tokens,
        })),
    ]),
    ...forValues,
  }),
  no_mixed_types: z.strictObject({
    no_mixed_types: eachColumn.meta({ description: 'Text columns, each all numbers or without any' }),
    ...forRows,
  }),
  no_string_variants: z.strictObject({
    no_string_variants: eachColumn.meta({
      description: 'Text columns without two spellings of one value: case, spaces, punctuation',
    }),
    ...forRows,
  }),
  no_special_characters: z.strictObject({
    no_special_characters: eachColumn.meta({
      description: 'Text columns without values of nothing but punctuation and symbols',
    }),
    ...forRows,
  }),
  no_conflicting_labels: z.strictObject({
    no_conflicting_labels: z.strictObject({
      label: column,
      columns: columns.meta({ description: 'The features; all other columns when it is left out' }),
    }),
    ...forRows,
  }),
  no_duplicate_rows: z.strictObject({
    no_duplicate_rows: z.union([
      z.literal(true).transform(() => ({ columns: undefined })),
      z.strictObject({ columns }),
    ]),
    ...forRows,
  }),
  identifier_label_correlation: z.strictObject({
    identifier_label_correlation: z.strictObject({
      identifier: column,
      ...correlation,
      at_most: share.default(0),
    }),
    ...forValues,
  }),
  feature_label_correlation: z.strictObject({
    feature_label_correlation: z.strictObject({ columns, ...correlation }),
    ...forValues,
  }),
  class_balance: z.strictObject({
    class_balance: z.strictObject({
      column,
      minimum_ratio: share.default(0.1).meta({
        description: 'The rarest class, divided by the most frequent one',
      }),
    }),
    ...forValues,
  }),
  no_outlier_rows: z.strictObject({
    no_outlier_rows: z.strictObject({
      columns: columnList,
      neighbours: z.number().int().min(1).max(100).default(5),
      at_most_probability: share.default(0.7).meta({
        description: 'A row above this outlier probability is unexpected',
      }),
      sample: z.number().int().min(10).max(10_000).default(2000),
    }),
    ...forRows,
  }),
} as const
