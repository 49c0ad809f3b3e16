import { z } from 'zod'
import { parseSize } from '#contract/units'
import { defineSection } from '#lifecycle/project/contract'
import { accessModeSchema, signingSchema, type AccessPlan, type KeyPlan } from './deployment/access.ts'

const originPattern = /^https?:\/\/[a-z0-9.-]+(?::\d{1,5})?$/

const servingSchema = z
  .strictObject({
    access: accessModeSchema.optional(),
    cors: z
      .array(
        z.string().regex(originPattern, 'an origin such as https://app.example.com').describe('An origin'),
      )
      .default([])
      .describe('Web pages that may ask for predictions'),
    signing: signingSchema.default('off'),
    memory_budget: z
      .string()
      .refine((text) => (parseSize(text) ?? 0) > 0, 'a size such as 512MB or 4GiB')
      .optional()
      .describe('A size: what the models in memory may take together'),
    metrics: z
      .strictObject({
        aliases: z.boolean().default(false).describe('Also name figures as KServe, MLServer and Triton do'),
      })
      .prefault({}),
  })
  .prefault({})

/** What holds for all endpoints together. */
export const servingSection = defineSection({
  name: 'serving',
  summary: 'All endpoints together: who may ask, and what is shown of it.',
  schema: servingSchema,
  example: `serving:
  access: token
  metrics: { aliases: true }
`,
})

export type ServingSettings = z.output<typeof servingSchema>

/** What the serving plan says besides the deployments. */
export interface WidePlan {
  readonly access: AccessPlan
  readonly metricAliases: boolean
  readonly memoryBudgetBytes?: number
  readonly wideDigest: string
}

/** The same in the serving plan, with the keys that there are. */
export function servingPlan(
  { access, cors, signing, metrics, memory_budget }: ServingSettings,
  keys: readonly KeyPlan[],
): Omit<WidePlan, 'wideDigest'> {
  const budget = memory_budget === undefined ? undefined : parseSize(memory_budget)
  return {
    access: { ...(access === undefined ? {} : { mode: access }), keys: [...keys], cors, signing },
    metricAliases: metrics.aliases,
    ...(budget === undefined ? {} : { memoryBudgetBytes: budget }),
  }
}
