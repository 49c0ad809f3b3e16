import { z } from 'zod'
import { modelReferenceSchema } from './model.ts'
import { shareSchema } from './traffic.ts'

/** `canary` of a deployment in devmlops.yaml. */
export const canarySettingsSchema = z.strictObject({
  model: modelReferenceSchema.describe('Whoever gets this alias takes the share until it is judged'),
  share: shareSchema.gt(0).lt(100).describe('Per cent of the traffic'),
})
