import { z } from 'zod'

/** `log` of a deployment in devmlops.yaml. */
export const logSettingsSchema = z
  .enum(['before_answer', 'after_answer', 'off'])
  .default('before_answer')
  .describe('before_answer: no prediction is answered that is not on disk')

/** The prediction log of a deployment, in the serving plan. */
export const logPlanSchema = z.object({
  enabled: z.boolean().default(true),
  /** `before_answer`: no prediction is answered that is not on disk. `after_answer`: faster, and loss is counted. */
  mode: z.enum(['before_answer', 'after_answer']).default('before_answer'),
  segmentBytes: z
    .int()
    .positive()
    .default(32 * 1024 * 1024),
})

export function logPlan(settings: z.output<typeof logSettingsSchema>): z.input<typeof logPlanSchema> {
  return settings === 'off' ? { enabled: false } : { enabled: true, mode: settings }
}
