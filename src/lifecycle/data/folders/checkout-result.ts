import { z } from 'zod'
import { digestSchema } from '../versions/snapshot.ts'

export const checkoutResultSchema = z.object({
  dataset: z.string(),
  version: z.int(),
  digest: digestSchema,
  place: z.string(),
  written: z.int(),
  removed: z.int(),
  unchanged: z.int().nullable().describe('null: only a part was asked for'),
})
export type CheckoutResult = Readonly<z.infer<typeof checkoutResultSchema>>
