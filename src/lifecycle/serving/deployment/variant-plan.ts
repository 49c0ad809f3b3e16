import { z } from 'zod'
import { modelFormatSchema, modelSignatureSchema } from '#lifecycle/tracking/contract'
import { isDigest, type Digest } from '#platform/blobs/index'
import { featureLookupSchema } from './features.ts'
import { graphFeatureSchema, graphOutputSchema, graphSourceSchema } from './graph.ts'
import { nameSchema } from './name.ts'
import { shareSchema } from './traffic.ts'
import { upstreamPlanSchema } from './upstream.ts'

const modelFileSchema = z.object({
  path: z.string().min(1),
  digest: z.custom<Digest>(
    (value) => typeof value === 'string' && isDigest(value),
    'sha256: and 64 hexadecimal digits',
  ),
  sizeBytes: z.int().nonnegative(),
})

/** Python processes of a model, in the serving plan; what is left out is as the process was started. */
const pythonPlanSchema = z.object({
  workers: z.int().positive().optional(),
  timeoutMs: z.number().positive().optional(),
})
export type PythonPlan = z.output<typeof pythonPlanSchema>

/** A model version with everything that is needed to load it, in the serving plan. */
const modelPlanSchema = z.object({
  model: z.string().min(1),
  version: z.int().positive(),
  runId: z.string().optional(),
  /** None for a model of another server, and for several models that answer as one. */
  files: z.array(modelFileSchema),
  signature: modelSignatureSchema,
  /** How the files are loaded; left out, they have a `model.onnx` on raw columns. */
  format: modelFormatSchema.optional(),
  python: pythonPlanSchema.optional(),
})
export type ModelPlan = z.output<typeof modelPlanSchema>

const graphModelSchema = z.object({
  name: z.string(),
  model: modelPlanSchema,
  /** Where the value of each field of the model comes from. */
  inputs: z.record(z.string(), graphSourceSchema),
})

const graphPlanSchema = z.object({
  nodes: z.array(z.union([graphModelSchema, graphFeatureSchema])).min(1),
  output: graphOutputSchema.optional(),
})
export type GraphPlan = z.output<typeof graphPlanSchema>

/** One of the answers that a deployment may give, in the serving plan. */
export const variantPlanSchema = modelPlanSchema
  .extend({
    name: nameSchema,
    /** Share of predictions in per cent; the shares of a deployment add up to 100. */
    weight: shareSchema,
    /** `shadow`: scores a copy of the traffic after the answer, and nobody sees what it says. */
    role: z.literal('shadow').optional(),
    /** Per cent of the traffic that is copied to a shadow. */
    share: shareSchema.optional(),
    upstream: upstreamPlanSchema.optional(),
    graph: graphPlanSchema.optional(),
    /** `on_demand`: released while memory is short and nobody asks. */
    load: z.enum(['always', 'on_demand']).default('always'),
    /** What is looked up for requests that leave it out. */
    features: z.array(featureLookupSchema).default([]),
  })
  .refine(({ files, upstream, graph }) => files.length > 0 || upstream !== undefined || graph !== undefined, {
    path: ['files'],
    message: 'there is nothing to load',
  })
