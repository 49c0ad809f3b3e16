import { z } from 'zod'
import { columnClassSchema } from './column-class.ts'

export const proposalSchema = z.object({
  column: z.string(),
  class: columnClassSchema,
  detector: z.string().describe('what it looks like'),
  evidence: z.enum(['values', 'name', 'values and name', 'inside of texts']),
  matching: z.int().describe('values of the sample that match'),
  considered: z.int().describe('values of the sample that are not missing'),
  confidence: z.enum(['high', 'medium', 'low']),
  why: z.string(),
})
export type ClassProposal = Readonly<z.infer<typeof proposalSchema>>
