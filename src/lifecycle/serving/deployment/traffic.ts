import { z } from 'zod'

/** `sticky` of a deployment in devmlops.yaml. */
export const stickySettingsSchema = z
  .enum(['key', 'none'])
  .default('key')
  .describe('key: all predictions for one key come from one variant; none: each is drawn on its own')

/** Per cent of the traffic. */
export const shareSchema = z.number().min(0).max(100)

/** How a request finds its variant, in the serving plan. */
export const stickyPlanSchema = z.object({ by: stickySettingsSchema })
