import { z } from 'zod'

/** How sensitive a column is. `special`: categories that GDPR article 9 names, such as health or religion. */
export const columnClassSchema = z.enum(['public', 'internal', 'confidential', 'personal', 'special'])
export type ColumnClass = z.infer<typeof columnClassSchema>

/**
 * What happens to a value on its way out. `mask` keeps the form (`j***@d***.com`), `hash` keeps what is equal (joins
 * work), `generalise` keeps what is near (`30 to 39`), `drop` leaves the column out.
 */
export const maskActionSchema = z.enum(['show', 'mask', 'hash', 'generalise', 'drop'])
export type MaskAction = z.infer<typeof maskActionSchema>

export const maskingSchema = z
  .strictObject({
    public: maskActionSchema.optional(),
    internal: maskActionSchema.optional(),
    confidential: maskActionSchema.optional(),
    personal: maskActionSchema.optional(),
    special: maskActionSchema.optional(),
  })
  .meta({
    description: 'What happens to the values of each class: show, mask, hash, generalise or drop',
  })
export type MaskingByClass = z.output<typeof maskingSchema>

/** What a class means where the project says nothing else. */
export const defaultMasking: Readonly<Record<ColumnClass, MaskAction>> = {
  public: 'show',
  internal: 'show',
  confidential: 'mask',
  personal: 'mask',
  special: 'mask',
}

const columnSettings = z.strictObject({
  class: columnClassSchema,
  mask: maskActionSchema.optional().meta({ description: 'Other than what the class says' }),
  band: z.number().positive().optional().meta({ description: 'generalise: width of the bands of a number' }),
  period: z.enum(['month', 'year']).optional().meta({ description: 'generalise: what is left of a date' }),
  prefix: z
    .int()
    .min(1)
    .max(20)
    .optional()
    .meta({ description: 'generalise: how many leading characters of a text are left' }),
})

/** The columns of a dataset that carry a class: `email: personal`, or with what happens to it. */
export const columnClassesSchema = z
  .record(z.string().min(1), z.union([columnClassSchema, columnSettings]))
  .transform((columns) =>
    Object.fromEntries(
      Object.entries(columns).map(([name, given]) => [
        name,
        typeof given === 'string' ? { class: given } : given,
      ]),
    ),
  )
  .meta({ description: 'Columns with their class: public, internal, confidential, personal or special' })
export type ColumnClasses = z.output<typeof columnClassesSchema>
