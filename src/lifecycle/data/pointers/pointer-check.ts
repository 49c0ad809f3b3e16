import { z } from 'zod'

const findingSchema = z.object({
  dataset: z.string(),
  problem: z.string(),
  hint: z.string(),
})

/** What does not belong together. */
export const pointerCheckSchema = z.object({
  checked: z.array(z.object({ dataset: z.string(), version: z.int(), digest: z.string() })),
  findings: z.array(findingSchema),
  notes: z.array(z.string()),
})
export type PointerCheck = Readonly<z.infer<typeof pointerCheckSchema>>
export type Finding = z.infer<typeof findingSchema>
