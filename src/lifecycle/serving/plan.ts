import { z } from 'zod'
import { accessPlanSchema } from './deployment/access.ts'
import { type DeploymentFigures, type VariantFigures } from './deployment/live.ts'
import { explainPlanSchema } from './deployment/explain.ts'
import { limitsPlanSchema } from './deployment/limits.ts'
import { logPlanSchema, type LogFigures } from './deployment/log.ts'
import { nameSchema } from './deployment/name.ts'
import { rolloutPlanSchema } from './deployment/rollout.ts'
import { stickyPlanSchema } from './deployment/traffic.ts'
import { variantPlanSchema } from './deployment/variant-plan.ts'

const deploymentSchema = z
  .object({
    name: nameSchema,
    variants: z.array(variantPlanSchema).min(1),
    sticky: stickyPlanSchema.prefault({}),
    rollout: rolloutPlanSchema.prefault({}),
    log: logPlanSchema.prefault({}),
    limits: limitsPlanSchema.prefault({}),
    explain: explainPlanSchema.prefault({}),
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
    /** Models that are loaded take no more than this together; left out, there is no limit. */
    memoryBudgetBytes: z.int().positive().optional(),
    access: accessPlanSchema.prefault({}),
    /** Also name figures as KServe, MLServer and Triton do. */
    metricAliases: z.boolean().default(false),
    /** Stands for everything in the plan but the deployments: it may change while the revision stays. */
    wideDigest: z.string().default(''),
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
export type { ModelPlan } from './deployment/variant-plan.ts'
export type { ModelSignature } from '#lifecycle/tracking/contract'
export type SignatureInput = VariantPlan['signature']['inputs'][number]

/** What `GET /control/status` answers. */
export interface ServingStatus {
  readonly ready: boolean
  /** Undefined until a plan was accepted. */
  readonly revision: number | undefined
  /** Of the plan in place. */
  readonly wideDigest: string | undefined
  readonly startedAt: number
  readonly connections: number
  readonly requestsInFlight: number
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
  readonly variants: readonly (VariantFigures & {
    readonly name: string
    readonly model: string
    readonly version: number
    readonly weight: number
  })[]
  readonly figures: DeploymentFigures
  readonly log: LogFigures
}

function firstRepeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index)
}
