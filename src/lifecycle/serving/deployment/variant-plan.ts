import { z } from 'zod'
import { modelFormatSchema, modelSignatureSchema } from '#lifecycle/tracking/contract'
import { isDigest, type Digest } from '#platform/blobs/index'
import { nameSchema } from './name.ts'
import { shareSchema } from './traffic.ts'

const modelFileSchema = z.object({
  path: z.string().min(1),
  digest: z.custom<Digest>(
    (value) => typeof value === 'string' && isDigest(value),
    'sha256: and 64 hexadecimal digits',
  ),
  sizeBytes: z.int().nonnegative(),
})

/** What is loaded, in the serving plan: a model version with everything that is needed to load it. */
const modelPlanSchema = z.object({
  model: z.string().min(1),
  version: z.int().positive(),
  runId: z.string().optional(),
  files: z.array(modelFileSchema).min(1),
  signature: modelSignatureSchema,
  /** How the files are loaded; left out, they have a `model.onnx` on raw columns. */
  format: modelFormatSchema.optional(),
})

/** One of the answers that a deployment may give, in the serving plan. */
export const variantPlanSchema = modelPlanSchema.extend({
  name: nameSchema,
  /** Share of predictions in per cent; the shares of a deployment add up to 100. */
  weight: shareSchema,
})
