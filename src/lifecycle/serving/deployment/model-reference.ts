import { z } from 'zod'

/** A model and an alias, in devmlops.yaml. */
export const modelReferenceSchema = z
  .string()
  .regex(/^[^@/:\s]+@[\w-]+$/, 'a model and an alias, such as flight-delays@champion')
  .describe('Model and alias, such as flight-delays@champion')
