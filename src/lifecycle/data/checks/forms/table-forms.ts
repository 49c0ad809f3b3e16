import { z } from 'zod'
import { durationMs } from '#contract/units'
import { declaredTypeSchema } from '../../rows/column-type.ts'
import {
  asLimits,
  column,
  columnList,
  countLimits,
  eachColumn,
  forEvery,
  forValues,
  tableReference,
} from './form-parts.ts'

/** Checks of the columns a table has, of how many rows it has, and of how old it is. */
export const tableForms = {
  schema: z.strictObject({
    schema: z.record(column, declaredTypeSchema).meta({ description: 'Columns and what they hold' }),
    extra_columns: z
      .enum(['refuse', 'allow'])
      .default('refuse')
      .meta({ description: 'What to do with columns that are not in the list' }),
    ...forEvery,
  }),
  column_exists: z.strictObject({
    column_exists: z
      .union([
        eachColumn,
        z
          .strictObject({
            column,
            position: z.number().int().min(1).optional().meta({ description: 'Its place, counted from 1' }),
          })
          .transform(({ column: only, position }) => ({ each: [only] as readonly string[], position })),
      ])
      .meta({ description: 'Columns that must be there' }),
    ...forEvery,
  }),
  columns_in_order: z.strictObject({
    columns_in_order: columnList
      .transform((columns) => ({ columns }))
      .meta({ description: 'All columns, in their order' }),
    ...forEvery,
  }),
  columns_in_set: z.strictObject({
    columns_in_set: z.strictObject({
      columns: columnList,
      match: z.enum(['exact', 'contains', 'within']).default('exact').meta({
        description:
          'exact: these and no others; contains: these and perhaps others; within: no others, and perhaps not all',
      }),
    }),
    ...forEvery,
  }),
  unique_column_names: z.strictObject({
    unique_column_names: z
      .union([
        z.literal(true).transform(() => ({ ignore_case: false })),
        z.strictObject({
          ignore_case: z
            .boolean()
            .default(false)
            .meta({ description: 'Names that differ only in letter case are the same' }),
        }),
      ])
      .meta({ description: 'true, or how names are compared' }),
    ...forEvery,
  }),
  column_count: z.strictObject({
    column_count: z.strictObject(countLimits).transform(asLimits),
    ...forEvery,
  }),
  has_type: z.strictObject({
    has_type: z
      .strictObject({
        column,
        type: z.union([declaredTypeSchema, z.array(declaredTypeSchema).min(1)]),
      })
      .transform(({ column: name, type }) => ({
        column: name,
        types: typeof type === 'string' ? [type] : type,
      }))
      .meta({ description: 'What a column holds: one type, or any of several' }),
    ...forEvery,
  }),
  row_count: z.strictObject({
    row_count: z.strictObject(countLimits).transform(asLimits),
    ...forValues,
  }),
  row_count_equals: z.strictObject({
    row_count_equals: tableReference
      .transform((to) => ({ to }))
      .meta({ description: 'As many rows as another table has' }),
    ...forEvery,
  }),
  row_count_ratio: z.strictObject({
    row_count_ratio: z
      .strictObject({
        to: tableReference.default('previous'),
        minimum: z.number().min(0).optional(),
        maximum: z.number().min(0).optional(),
      })
      .meta({ description: 'The rows of the version as it would be, divided by those of another' }),
    ...forEvery,
  }),
  fresh: z.strictObject({
    fresh: z.strictObject({
      within: durationMs.meta({ description: 'How old the newest row may be' }),
      column: column.optional().meta({ description: "The dataset's `time` when it is left out" }),
      time_zone: z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/)
        .default('UTC')
        .meta({ description: 'Where clocks show the times of a column without a zone: Europe/Berlin' }),
    }),
    ...forValues,
  }),
} as const
