import { z } from 'zod'

/** `model` of a deployment in devmlops.yaml. */
export const modelReferenceSchema = z
  .string()
  .regex(/^[^@/:\s]+@[\w-]+$/, 'a model and an alias, such as flight-delays@champion')
  .describe('Model and alias, such as flight-delays@champion')
