import { z } from 'zod'
import {
  column,
  columnList,
  forRows,
  forSingleRows,
  forValues,
  rowIgnore,
  severalColumns,
  tableReference,
} from './form-parts.ts'

const columns = z
  .union([column, columnList])
  .transform((names) => (typeof names === 'string' ? [names] : names))
const report = z.enum(['all', 'exclude_first', 'exclude_last']).default('all').meta({
  description: 'Which rows of a group of equal ones count: all, all but the first, or all but the last',
})

/** Checks of what names a row, here and in other tables. */
export const keyForms = {
  unique: z.strictObject({
    unique: z
      .union([
        columns.transform((names) => ({
          columns: names,
          report: 'all' as const,
          ignore: 'all_missing' as const,
        })),
        z.strictObject({ columns, report, ignore: rowIgnore }),
      ])
      .meta({ description: 'A column, or several that together name a row once' }),
    ...forRows,
  }),
  unique_within_row: z.strictObject({
    unique_within_row: z.union([
      severalColumns.transform((names) => ({ columns: names, ignore: 'all_missing' as const })),
      z.strictObject({ columns: severalColumns, ignore: rowIgnore }),
    ]),
    ...forSingleRows,
  }),
  duplicates: z.strictObject({
    duplicates: z.strictObject({
      columns,
      report,
      ignore: rowIgnore,
      at_most: z
        .union([z.number().int().min(0), z.string().regex(/^\d+(?:\.\d+)?\s?%$/)])
        .meta({ description: 'How many rows may not be alone: a count, or a share as 2%' }),
    }),
    ...forValues,
  }),
  references: z.strictObject({
    references: z
      .strictObject({
        columns,
        dataset: tableReference,
        to: columns.optional().meta({ description: 'Its columns; the same names when they are left out' }),
        ignore: z.enum(['all_missing', 'any_missing', 'never']).default('any_missing').meta({
          description: 'Rows that are left out: where all of the columns are missing, where any is, or none',
        }),
      })
      .transform(({ to, ...rest }) => ({ ...rest, to: to ?? rest.columns })),
    ...forSingleRows,
  }),
} as const
