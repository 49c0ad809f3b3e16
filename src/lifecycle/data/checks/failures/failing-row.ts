import { z } from 'zod'

const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** A row that does not meet a check. */
export const failingRowSchema = z.object({
  expected: z.string().describe('the check, as a sentence'),
  row: z.int().optional().describe('row of the file, counted from 1 after the header'),
  file: z.string().optional(),
  values: z.record(z.string(), cellSchema).describe('the key, and what the check is about'),
})
export type FailingRow = Readonly<z.infer<typeof failingRowSchema>>

export const failuresPageSchema = z.object({
  columns: z.array(z.string()).describe('all that the values of some row may have'),
  items: z.array(failingRowSchema),
  next: z.string().optional(),
  cut: z
    .array(z.object({ expected: z.string(), rows: z.int(), kept: z.int() }))
    .describe('checks of a rejection of whose rows only the first are kept'),
})
export type FailuresPage = Readonly<z.infer<typeof failuresPageSchema>>
