import { z } from 'zod'

const windowFiguresSchema = z.object({
  seconds: z.number().describe('How far back it goes'),
  requests: z.number(),
  errors: z.number().describe('Answers with a status from 400'),
  requestsPerSecond: z.number(),
  errorRate: z.number().min(0).max(1),
  p50Ms: z.number().optional().describe('Absent when there were no requests'),
  p95Ms: z.number().optional(),
  p99Ms: z.number().optional(),
})
export type WindowFigures = z.output<typeof windowFiguresSchema>

const errorFiguresSchema = z.object({
  status: z.number().int(),
  code: z.string(),
  message: z.string(),
  at: z.string().optional().describe('The field at fault'),
  count: z.number().int(),
  lastTime: z.number().describe('Epoch milliseconds'),
})
export type ErrorFigures = z.output<typeof errorFiguresSchema>

/** What the serving process counted for one variant, since it started and lately. */
export const variantFiguresSchema = z.object({
  requests: z.number(),
  errors: z.number(),
  rows: z.number(),
  inFlight: z.number().describe('Requests that are being scored'),
  now: windowFiguresSchema.describe('The last ten seconds'),
  lastMinute: windowFiguresSchema,
  lastFiveMinutes: windowFiguresSchema,
  /** Where the time of a request goes: means since the start, in milliseconds. */
  meanMs: z.object({ queue: z.number(), model: z.number(), log: z.number() }),
  rejected: z.record(z.string(), z.number()).describe('Requests turned away, by reason'),
  lastErrors: z.array(errorFiguresSchema).describe('The newest kinds of errors, newest first'),
})
export type VariantFigures = z.output<typeof variantFiguresSchema>

/** The same for a deployment. */
export const deploymentFiguresSchema = z.object({
  now: windowFiguresSchema,
  lastMinute: windowFiguresSchema,
  lastFiveMinutes: windowFiguresSchema,
  queuedRows: z.number(),
  queuedRequests: z.number(),
  expectedWaitMs: z.number().describe('How long a request that comes now would wait for its model'),
  rejected: z.record(z.string(), z.number()),
  lastErrors: z.array(errorFiguresSchema),
})
export type DeploymentFigures = z.output<typeof deploymentFiguresSchema>

const nothing: Omit<WindowFigures, 'seconds'> = { requests: 0, errors: 0, requestsPerSecond: 0, errorRate: 0 }
const quiet = {
  now: { seconds: 10, ...nothing },
  lastMinute: { seconds: 60, ...nothing },
  lastFiveMinutes: { seconds: 300, ...nothing },
  rejected: {},
  lastErrors: [],
}

/** Before the first request. */
export const noVariantFigures: VariantFigures = {
  ...quiet,
  requests: 0,
  errors: 0,
  rows: 0,
  inFlight: 0,
  meanMs: { queue: 0, model: 0, log: 0 },
}
export const noDeploymentFigures: DeploymentFigures = {
  ...quiet,
  queuedRows: 0,
  queuedRequests: 0,
  expectedWaitMs: 0,
}
