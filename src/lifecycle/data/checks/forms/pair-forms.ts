import { z } from 'zod'
import {
  column,
  forSingleRows,
  pairIgnore,
  rowIgnore,
  setValue,
  severalColumns,
  twoColumns,
} from './form-parts.ts'

/** Checks that compare columns of the same row. */
export const pairForms = {
  greater_than: z.strictObject({
    greater_than: z.strictObject({
      column,
      other: column.meta({ description: 'The column whose value must be the lower one' }),
      or_equal: z.boolean().default(false),
      ignore: pairIgnore,
    }),
    ...forSingleRows,
  }),
  equal_columns: z.strictObject({
    equal_columns: z.union([
      twoColumns.transform((columns) => ({ columns, ignore: 'both_missing' as const })),
      z.strictObject({ columns: twoColumns, ignore: pairIgnore }),
    ]),
    ...forSingleRows,
  }),
  pair_in_set: z.strictObject({
    pair_in_set: z.strictObject({
      columns: twoColumns,
      values: z.array(z.tuple([setValue.nullable(), setValue.nullable()])).min(1),
      ignore: pairIgnore,
    }),
    ...forSingleRows,
  }),
  sum_equals: z.strictObject({
    sum_equals: z.strictObject({
      columns: severalColumns,
      total: z.number(),
      tolerance: z.number().min(0).default(0).meta({
        description: 'How far the sum may lie from the total; binary fractions such as 0.1 are not exact',
      }),
      ignore: rowIgnore,
    }),
    ...forSingleRows,
  }),
} as const
