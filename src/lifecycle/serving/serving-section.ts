import { z } from 'zod'
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

/** The same in the serving plan, with the keys that there are. */
export function servingPlan(
  { access, cors, signing, metrics }: ServingSettings,
  keys: readonly KeyPlan[],
): { access: AccessPlan; metricAliases: boolean } {
  return {
    access: { ...(access === undefined ? {} : { mode: access }), keys: [...keys], cors, signing },
    metricAliases: metrics.aliases,
  }
}
