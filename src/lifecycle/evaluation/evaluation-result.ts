import { z } from 'zod'
import { modelSignatureSchema } from '#lifecycle/tracking/index'
import { metricValueSchema } from './contract.ts'
import { evaluationReportSchema } from './report.ts'

/** What an `evaluate` step leaves behind: every candidate's metrics, the winner, and its full report. */
export const evaluationResultSchema = z.object({
  model: z.string(),
  selectedBy: z.string(),
  candidates: z.array(
    z.object({
      name: z.string(),
      trainer: z.string(),
      runId: z.string(),
      metrics: z.array(metricValueSchema),
    }),
  ),
  winner: z.object({
    name: z.string(),
    trainer: z.string(),
    runId: z.string(),
    files: z.array(z.object({ path: z.string(), digest: z.string(), sizeBytes: z.number() })),
    signature: modelSignatureSchema,
    /** Of a candidate that was a registered version before. */
    registered: z.object({ model: z.string(), version: z.number() }).optional(),
  }),
  trainedOn: z.object({ label: z.string(), digest: z.string(), rows: z.number() }),
  evaluatedOn: z.object({ label: z.string(), digest: z.string(), rows: z.number() }),
  report: evaluationReportSchema,
})
export type EvaluationResult = z.infer<typeof evaluationResultSchema>

/** Names of the files that an evaluation adds to the winner's. */
export const evaluationFiles = {
  report: 'evaluation.json',
  summary: 'evaluation.md',
  referenceProfile: 'reference-profile.json',
  /** Scored again wherever the model is loaded. */
  examples: 'examples.json',
} as const
