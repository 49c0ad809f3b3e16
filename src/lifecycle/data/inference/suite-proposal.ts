import { z } from 'zod'

/** An expectation as it would stand in the project file, with why it is proposed. */
export const proposalSchema = z.object({
  expectation: z.record(z.string(), z.unknown()).describe('as an item under `expectations`'),
  reason: z.string().describe('the rule and what was seen'),
})
export interface Proposal {
  readonly expectation: Readonly<Record<string, unknown>>
  readonly reason: string
}

export const suiteProposalSchema = z.object({
  dataset: z.string(),
  version: z.int(),
  rows: z.int(),
  proposals: z.array(proposalSchema),
  notes: z.array(z.string()).describe('what was not proposed, and why'),
})
export type SuiteProposal = Readonly<z.infer<typeof suiteProposalSchema>>

const projectPathSchema = z.array(z.union([z.string(), z.int()]))

/** A change of one expectation that an arrival does not meet. */
export const correctionSchema = z.object({
  /** Under the dataset in the project file, such as `expectations.2.in_set.values`. */
  edits: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('set'), path: projectPathSchema, value: z.unknown() }),
      z.object({ kind: z.literal('append'), path: projectPathSchema, value: z.unknown() }),
    ]),
  ),
  expected: z.string().describe('what does not hold'),
  evidence: z.string().describe('what was counted'),
  advice: z.string().describe('what the change says, for whoever decides'),
})
export type Correction = Readonly<z.infer<typeof correctionSchema>>

export const correctionsSchema = z.object({
  dataset: z.string(),
  arrivals: z.array(
    z.object({
      paths: z.array(z.string()),
      rows: z.int(),
      outcome: z.enum(['pass', 'warn', 'fail']),
      corrections: z.array(correctionSchema),
      /** What no change of a limit would mend. */
      left: z.array(z.string()),
    }),
  ),
})
export type Corrections = Readonly<z.infer<typeof correctionsSchema>>
