import { z } from 'zod'
import { maskActionSchema } from '../personal/column-class.ts'

const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
const rowSchema = z.record(z.string(), cellSchema)

export const rowChangeKindSchema = z.enum(['added', 'removed', 'changed'])

export const rowChangeSchema = z.object({
  kind: rowChangeKindSchema,
  before: rowSchema.nullable(),
  after: rowSchema.nullable(),
  changed: z.array(z.string()).describe('columns whose cells differ'),
  times: z.int().min(1).describe('how often, where the row occurs more than once'),
})
export type ShownRowChange = Readonly<z.infer<typeof rowChangeSchema>>

const count = z.int().min(0)

export const rowDiffSchema = z.object({
  key: z.array(z.string()).describe('the columns that rows were matched by; empty: whole rows were compared'),
  added: count,
  removed: count,
  changed: count,
  unchanged: count,
  notRead: count.describe('rows of the unchanged ones that are in parts that both versions share'),
  repeatedKeyRows: z
    .object({ from: count, to: count })
    .describe('rows whose key occurs more than once on either side; compared as whole rows'),
  cells: z
    .array(z.object({ column: z.string(), changed: count }))
    .describe('changed cells by column, most first'),
  masked: z.record(z.string(), maskActionSchema).describe('columns whose values are not shown as they are'),
})
export type RowDiff = Readonly<z.infer<typeof rowDiffSchema>>
