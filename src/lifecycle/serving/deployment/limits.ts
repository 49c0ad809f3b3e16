import { z } from 'zod'
import { parseDuration, parseSize } from '#contract/units'

// Kept as text: a revision keeps the settings as they were read, and they are read again when it comes back.
const duration = z
  .string()
  .refine((text) => (parseDuration(text) ?? 0) > 0, 'a duration such as 500ms, 1s or 1m')
const size = z.string().refine((text) => (parseSize(text) ?? 0) > 0, 'a size such as 512kB or 10MiB')

/** `limits` of a deployment in devmlops.yaml. */
export const limitsSettingsSchema = z
  .strictObject({
    body: size.default('10MiB').describe('A size: the largest body of a request'),
    rows: z.int().positive().default(100_000).describe('The most rows of a request'),
    queued_rows: z.int().positive().default(200_000).describe('Rows that may wait for the model'),
    queued_requests: z.int().positive().default(10_000).describe('Requests that may wait for the model'),
    wait: duration.default('1s').describe('A duration: whoever would wait longer is told so at once'),
    timeout: duration.default('60s').describe('A duration: nobody gets an answer later than this'),
  })
  .prefault({})

/** What the endpoint of a deployment takes at most, in the serving plan. */
export const limitsPlanSchema = z.object({
  bodyBytes: z
    .int()
    .positive()
    .default(10 * 1024 * 1024),
  rowsPerRequest: z.int().positive().default(100_000),
  /** Rows and requests that may wait for the model before further ones are turned away with 429. */
  queuedRows: z.int().positive().default(200_000),
  queuedRequests: z.int().positive().default(10_000),
  /** Whoever would wait longer is turned away with 503. */
  waitMs: z.number().positive().default(1_000),
  /** What takes longer is answered with 504. */
  timeoutMs: z.number().positive().default(60_000),
})

export function limitsPlan(
  settings: z.output<typeof limitsSettingsSchema>,
): z.input<typeof limitsPlanSchema> {
  return {
    bodyBytes: parseSize(settings.body),
    rowsPerRequest: settings.rows,
    queuedRows: settings.queued_rows,
    queuedRequests: settings.queued_requests,
    waitMs: parseDuration(settings.wait),
    timeoutMs: parseDuration(settings.timeout),
  }
}
