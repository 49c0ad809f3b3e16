import { z } from 'zod'

/** What the endpoint of a deployment takes at most, in the serving plan. */
export const limitsPlanSchema = z.object({
  bodyBytes: z
    .int()
    .positive()
    .default(10 * 1024 * 1024),
  rowsPerRequest: z.int().positive().default(100_000),
  /** Rows that may wait for the model before further requests are turned away with 429. */
  queuedRows: z.int().positive().default(200_000),
})
