import { z } from 'zod'
import { modelFormatSchema } from '#lifecycle/tracking/contract'
import { modelSignatureSchema } from '#lifecycle/tracking/index'

/** A file of a model, in the blob store. */
export const modelFileSchema = z.object({ path: z.string(), digest: z.string(), sizeBytes: z.number() })
export type ModelFile = z.infer<typeof modelFileSchema>

const candidateFields = {
  name: z.string(),
  trainer: z.string(),
  runId: z.string(),
  parameters: z.record(z.string(), z.unknown()),
}

export const trainedCandidateSchema = z.object({
  ...candidateFields,
  status: z.literal('trained'),
  files: z.array(modelFileSchema),
  signature: modelSignatureSchema,
  /** Of a model that MLflow's clients logged; left out, its files have a `model.onnx` on raw columns. */
  format: modelFormatSchema.optional(),
  importance: z.array(z.object({ feature: z.string(), gain: z.number() })),
  warnings: z.array(z.string()),
  fitSeconds: z.number(),
})
export type TrainedCandidate = z.infer<typeof trainedCandidateSchema>

/** What a `train` step leaves behind: every candidate with its run and its files, also those that could not be fitted. */
export const trainingResultSchema = z.object({
  task: z.enum(['binary', 'regression']),
  label: z.string(),
  positive: z.union([z.string(), z.number(), z.boolean()]).optional(),
  features: z.array(z.string()),
  trainedOn: z.object({ label: z.string(), digest: z.string(), rows: z.number() }),
  candidates: z.array(
    z.discriminatedUnion('status', [
      trainedCandidateSchema,
      z.object({ ...candidateFields, status: z.literal('failed'), reason: z.string() }),
    ]),
  ),
})
export type TrainingResult = z.infer<typeof trainingResultSchema>

/** The name under which the graph of a model is kept among its files. */
export const modelFileName = 'model.onnx'

/** What features were fitted to, beside it: the same as in the graph, for whoever computes them on other rows. */
export const preparationFileName = 'preparation.json'
