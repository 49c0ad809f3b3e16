import { z } from 'zod'

const scalar = z.union([z.string(), z.number(), z.boolean()])
export type SliceValue = z.infer<typeof scalar>

const forms = ['equals', 'in', 'between'] as const

const minimumRows = z
  .int()
  .min(2)
  .default(200)
  .describe('A slice with fewer rows is listed, but not measured')

const namedSliceSchema = z
  .strictObject({
    name: z.string().min(1).describe('How the slice is called in reports and gates'),
    column: z.string().min(1).describe('The column that decides whether a row belongs to it'),
    equals: scalar.optional().describe('The rows with this value'),
    in: z.array(scalar).min(1).optional().describe('The rows with one of these values'),
    between: z
      .tuple([z.number().nullable(), z.number().nullable()])
      .optional()
      .describe('The rows from the first to the second number, both included; null leaves an end open'),
    min_rows: minimumRows,
  })
  .refine((slice) => forms.filter((form) => slice[form] !== undefined).length === 1, {
    error: `expected exactly one of ${forms.join(', ')}`,
  })

const slicesByColumnSchema = z.strictObject({
  by: z
    .string()
    .min(1)
    .describe('One slice for every value of this column; a column of many numbers is cut in quarters'),
  min_rows: minimumRows,
  top: z
    .int()
    .min(1)
    .default(50)
    .describe('Only so many of the most frequent values; the others share one slice'),
})

/** An entry of `models.<name>.slices`: `{name, column, equals | in | between}` or `{by: column}`. */
export const sliceDefinitionSchema = z.union([slicesByColumnSchema, namedSliceSchema])
export type SliceDefinition = z.output<typeof sliceDefinitionSchema>
export type NamedSlice = z.output<typeof namedSliceSchema>
export type SlicesByColumn = z.output<typeof slicesByColumnSchema>

export function isByColumn(definition: SliceDefinition): definition is SlicesByColumn {
  return 'by' in definition
}
