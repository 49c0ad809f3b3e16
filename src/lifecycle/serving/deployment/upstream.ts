import { z } from 'zod'
import { durationMs } from '#contract/units'
import { modelSignatureSchema } from '#lifecycle/tracking/contract'

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of an HTTP header')
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable')
const columnType = modelSignatureSchema.shape.inputs.element.shape.type
const rowShape = z.array(z.int().positive()).min(1).max(7)

const fieldSettings = z.union([
  columnType,
  z.strictObject({
    type: columnType,
    shape: rowShape.optional().describe('What one row has: dimensions after the first'),
    required: z.boolean().default(true),
  }),
])

/** `model.upstream` of a deployment in devmlops.yaml: a model of another server. */
export const upstreamSettingsSchema = z
  .strictObject({
    upstream: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .describe('The server, such as https://triton:8000; its address may be private'),
    name: z
      .string()
      .regex(/^[^/?#\s]{1,200}$/, 'a name without / ? # and spaces')
      .describe('What the model is called there'),
    version: z.int().positive().optional().describe('Of the model there; whatever it takes when left out'),
    protocol: z.enum(['oip-rest']).default('oip-rest').describe('Open Inference Protocol v2 over HTTP'),
    tensors: z
      .enum(['auto', 'binary', 'json'])
      .default('auto')
      .describe('auto: binary where the server says that it can'),
    signature: z
      .strictObject({
        inputs: z.record(z.string().min(1), fieldSettings),
        outputs: z.record(z.string().min(1), fieldSettings),
      })
      .optional()
      .describe('What it takes and gives; asked of the server when left out'),
    headers: z
      .record(headerName, variableName)
      .default({})
      .describe('Sent with each request: header → environment variable that holds its value'),
    timeout: durationMs.prefault('10s').describe('For one request, a second try included'),
    failures: z
      .int()
      .min(1)
      .max(1000)
      .default(5)
      .describe('So many in a row, and it is left alone and probed instead'),
  })
  .describe('A model of another server')
export type UpstreamSettings = z.output<typeof upstreamSettingsSchema>

/** One tensor as the other server describes it: `shape` of a row, without the dimension of the rows. */
const tensorSchema = z.object({
  name: z.string().min(1),
  datatype: z.string().min(1),
  shape: z.array(z.int().positive()).max(7),
})
export type UpstreamTensor = z.output<typeof tensorSchema>

/** Where a variant of another server answers, in the serving plan. Secrets are named here, never held. */
export const upstreamPlanSchema = z.object({
  url: z.string(),
  name: z.string(),
  version: z.int().positive().optional(),
  binary: z.boolean(),
  inputs: z.array(tensorSchema).min(1),
  outputs: z.array(tensorSchema).min(1),
  headers: z.record(z.string(), z.string()),
  timeoutMs: z.number().positive(),
  failures: z.int().positive(),
})
export type UpstreamPlan = z.output<typeof upstreamPlanSchema>
