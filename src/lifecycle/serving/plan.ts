import { z } from 'zod'
import { modelFormatSchema, modelSignatureSchema } from '#lifecycle/tracking/contract'
import { isDigest, type Digest } from '#platform/blobs/index'

const modelFileSchema = z.object({
  path: z.string().min(1),
  digest: z.custom<Digest>(
    (value) => typeof value === 'string' && isDigest(value),
    'sha256: and 64 hexadecimal digits',
  ),
  sizeBytes: z.int().nonnegative(),
})

/** Names become parts of URLs, metric labels and folders, so they are kept to what all three allow. */
const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'use letters, digits, ".", "_" and "-", at most 100, starting with a letter or digit',
  )

const variantSchema = z.object({
  name: nameSchema,
  model: z.string().min(1),
  version: z.int().positive(),
  runId: z.string().optional(),
  /** Share of predictions in per cent; the shares of a deployment add up to 100. */
  weight: z.number().min(0).max(100),
  files: z.array(modelFileSchema).min(1),
  signature: modelSignatureSchema,
  /** How the files are loaded; left out, they have a `model.onnx` on raw columns. */
  format: modelFormatSchema.optional(),
})

const limitsSchema = z.object({
  bodyBytes: z
    .int()
    .positive()
    .default(10 * 1024 * 1024),
  rowsPerRequest: z.int().positive().default(100_000),
  /** Rows that may wait for the model before further requests are turned away with 429. */
  queuedRows: z.int().positive().default(200_000),
})

const logSchema = z.object({
  enabled: z.boolean().default(true),
  /** `before_answer`: no prediction is answered that is not on disk. `after_answer`: faster, and loss is counted. */
  mode: z.enum(['before_answer', 'after_answer']).default('before_answer'),
  segmentBytes: z
    .int()
    .positive()
    .default(32 * 1024 * 1024),
})

const deploymentSchema = z
  .object({
    name: nameSchema,
    variants: z.array(variantSchema).min(1),
    /** `key`: all predictions for one key go to one variant. `none`: every prediction is drawn on its own. */
    sticky: z.object({ by: z.enum(['key', 'none']).default('key') }).prefault({}),
    log: logSchema.prefault({}),
    limits: limitsSchema.prefault({}),
  })
  .superRefine(({ variants }, context) => {
    const total = variants.reduce((sum, variant) => sum + variant.weight, 0)
    if (Math.abs(total - 100) > 1e-9) {
      context.addIssue({
        code: 'custom',
        path: ['variants'],
        message: `the weights add up to ${total}, not to 100`,
      })
    }
    const repeated = firstRepeated(variants.map((variant) => variant.name))
    if (repeated !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['variants'],
        message: `two variants are named "${repeated}"`,
      })
    }
  })

/**
 * The document between the control side, which decides what is deployed, and the serving process, which answers. The
 * process keeps the last plan it accepted in its own folder, so it comes back without the control side.
 */
export const servingPlanSchema = z
  .object({
    /** Grows with every change; a plan older than the one in place is refused. */
    revision: z.int().nonnegative(),
    deployments: z.array(deploymentSchema),
  })
  .superRefine(({ deployments }, context) => {
    const repeated = firstRepeated(deployments.map((deployment) => deployment.name.toLowerCase()))
    if (repeated !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['deployments'],
        message: `two deployments are named "${repeated}"`,
      })
    }
  })

export type ServingPlan = z.output<typeof servingPlanSchema>
/** A plan as it is written: what has a default may be left out. */
export type ServingPlanInput = z.input<typeof servingPlanSchema>
export type DeploymentPlan = ServingPlan['deployments'][number]
export type VariantPlan = DeploymentPlan['variants'][number]
export type { ModelSignature } from '#lifecycle/tracking/contract'
export type SignatureInput = VariantPlan['signature']['inputs'][number]

/** What `GET /control/status` answers. */
export interface ServingStatus {
  readonly ready: boolean
  /** Undefined until a plan was accepted. */
  readonly revision: number | undefined
  readonly startedAt: number
  readonly deployments: readonly DeploymentStatus[]
  /** The last plan that was refused, until one is accepted. */
  readonly refused:
    | { readonly revision: number | undefined; readonly reason: string; readonly at: number }
    | undefined
}

export interface DeploymentStatus {
  readonly name: string
  readonly ready: boolean
  /** Why a deployment of a restored plan could not be loaded. */
  readonly reason: string | undefined
  readonly variants: readonly {
    readonly name: string
    readonly model: string
    readonly version: number
    readonly weight: number
    readonly requests: number
    readonly errors: number
  }[]
  readonly log: { readonly written: number; readonly lost: number; readonly tornLinesCut: number }
}

function firstRepeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index)
}
