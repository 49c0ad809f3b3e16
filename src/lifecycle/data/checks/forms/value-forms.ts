import { z } from 'zod'
import {
  asLimits,
  column,
  countLimits,
  forRows,
  forValues,
  numberLimits,
  valueLimits,
  valueSet,
} from './form-parts.ts'

const columnNumber = () => z.strictObject({ column, ...numberLimits })
const columnValue = () => z.strictObject({ column, ...valueLimits })
const columnSet = () => z.strictObject({ column, values: valueSet })

/** Checks of one figure of a column, or of the values that it has at all. */
export const valueForms = {
  min: z.strictObject({ min: columnValue(), ...forValues }),
  max: z.strictObject({ max: columnValue(), ...forValues }),
  mean: z.strictObject({ mean: columnNumber(), ...forValues }),
  median: z.strictObject({ median: columnNumber(), ...forValues }),
  sum: z.strictObject({ sum: columnNumber(), ...forValues }),
  stdev: z.strictObject({
    stdev: columnNumber().meta({ description: 'Of the sample: divided by n - 1' }),
    ...forValues,
  }),
  quantiles: z.strictObject({
    quantiles: z.strictObject({
      column,
      ranges: z
        .array(
          z.strictObject({
            quantile: z.number().min(0).max(1),
            minimum: z.number().nullish(),
            maximum: z.number().nullish(),
          }),
        )
        .min(1),
      interpolation: z
        .enum(['linear', 'lower', 'higher', 'nearest', 'midpoint'])
        .default('linear')
        .meta({ description: 'What a quantile is that falls between two values' }),
    }),
    ...forValues,
  }),
  distinct_count: z.strictObject({
    distinct_count: z.strictObject({ column, ...countLimits }).transform(asLimits),
    ...forValues,
  }),
  unique_proportion: z.strictObject({
    unique_proportion: columnNumber().meta({
      description: 'How many different values, divided by how many values',
    }),
    ...forValues,
  }),
  distinct_in_set: z.strictObject({ distinct_in_set: columnSet(), ...forValues }),
  distinct_equals_set: z.strictObject({ distinct_equals_set: columnSet(), ...forValues }),
  distinct_contains_set: z.strictObject({ distinct_contains_set: columnSet(), ...forValues }),
  most_common_in_set: z.strictObject({
    most_common_in_set: z.strictObject({
      column,
      values: valueSet,
      ties_okay: z
        .boolean()
        .default(false)
        .meta({ description: 'Among equally frequent values one in the set is enough' }),
    }),
    ...forValues,
  }),
  sql: z.strictObject({
    sql: z
      .union([
        z
          .string()
          .min(1)
          .transform((query) => ({ query, rows_tested: undefined, key: undefined })),
        z.strictObject({
          query: z.string().min(1),
          rows_tested: z
            .string()
            .min(1)
            .optional()
            .meta({ description: 'A SELECT of one number: of how many rows these are a part' }),
          key: z
            .array(column)
            .min(1)
            .optional()
            .meta({ description: 'Columns of the answer that name a row' }),
        }),
      ])
      .meta({
        description:
          'A SELECT of the rows that must not be: from `arrival` (new rows) or the dataset (all rows)',
      }),
    mostly: forRows.mostly,
    warn_above: forRows.warn_above,
    fail_above: forRows.fail_above,
    severity: forRows.severity,
    description: forRows.description,
  }),
  sql_value: z.strictObject({
    sql_value: z.strictObject({
      query: z.string().min(1).meta({ description: 'A SELECT of one number' }),
      ...numberLimits,
    }),
    severity: forValues.severity,
    description: forValues.description,
  }),
} as const
