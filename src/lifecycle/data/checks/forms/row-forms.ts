import { z } from 'zod'
import {
  bound,
  column,
  columnList,
  eachColumn,
  forRows,
  forSingleRows,
  forValues,
  share,
  valueSet,
} from './form-parts.ts'

const nullableSet = valueSet.nullable().meta({ description: 'The values; null: any value passes' })

/** Checks that look at the values of one column, row by row. */
export const rowForms = {
  not_null: z.strictObject({
    not_null: eachColumn.meta({ description: 'Columns, each without missing values' }),
    ...forSingleRows,
  }),
  is_null: z.strictObject({
    is_null: eachColumn.meta({ description: 'Columns without any value' }),
    ...forSingleRows,
  }),
  not_missing: z.strictObject({
    not_missing: z
      .strictObject({
        columns: z.union([column, columnList]),
        tokens: z.array(z.string()).prefault([]).meta({
          description: "Text that means missing as well, compared as it stands: 'NA', '?', '-', ''",
        }),
        pattern: z
          .string()
          .min(1)
          .optional()
          .meta({ description: 'Text that matches this expression (RE2) as a whole means missing as well' }),
      })
      .transform(({ columns, ...rest }) => ({
        each: (typeof columns === 'string' ? [columns] : columns) as readonly string[],
        ...rest,
      })),
    ...forSingleRows,
  }),
  presence: z.strictObject({
    presence: z.strictObject({
      column,
      minimum_fraction: share
        .optional()
        .meta({ description: 'The share of all rows that must have a value' }),
      minimum_count: z.number().int().min(0).optional(),
    }),
    ...forValues,
  }),
  between: z.strictObject({
    between: z.strictObject({
      column,
      minimum: bound.optional(),
      maximum: bound.optional(),
      strict_minimum: z.boolean().default(false).meta({ description: 'The minimum itself is refused' }),
      strict_maximum: z.boolean().default(false).meta({ description: 'The maximum itself is refused' }),
    }),
    ...forSingleRows,
  }),
  in_set: z.strictObject({
    in_set: z.strictObject({ column, values: nullableSet }),
    ...forSingleRows,
  }),
  not_in_set: z.strictObject({
    not_in_set: z.strictObject({ column, values: valueSet }),
    ...forSingleRows,
  }),
  z_score: z.strictObject({
    z_score: z.strictObject({
      column,
      below: z.number().gt(0).meta({ description: 'Standard deviations from the mean, itself refused' }),
      sides: z
        .enum(['both', 'upper'])
        .default('both')
        .meta({ description: 'both: far below the mean counts as well; upper: far above only' }),
    }),
    ...forRows,
  }),
  increasing: z.strictObject({ increasing: ordered(), ...forRows }),
  decreasing: z.strictObject({ decreasing: ordered(), ...forRows }),
} as const

function ordered() {
  return z.strictObject({
    column,
    order_by: z
      .union([column, columnList])
      .transform((order) => (typeof order === 'string' ? [order] : order))
      .meta({ description: 'What puts the rows in order; a table has none by itself' }),
    strictly: z.boolean().default(false).meta({ description: 'Equal neighbours are refused' }),
  })
}
