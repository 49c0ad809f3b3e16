import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { traceSchema } from '#lifecycle/registry/contract'
import { predictionViewSchema } from '#lifecycle/serving/contract'

export const auditRecordSchema = z.object({
  sequence: z.number().int(),
  time: z.number(),
  actor: z.string(),
  /** The call, such as `registry.promote`. */
  action: z.string(),
  /** Its input as JSON, cut at 4,000 characters. */
  input: z.string(),
  /** `ok`, or the code of the error. */
  outcome: z.string(),
  requestId: z.string(),
})
export type AuditRecord = z.infer<typeof auditRecordSchema>

export const eventViewSchema = z.object({
  sequence: z.number().int(),
  type: z.string(),
  subject: z.string(),
  actor: z.string(),
  time: z.number(),
  payload: z.record(z.string(), z.unknown()),
})
export type EventView = z.infer<typeof eventViewSchema>

/** A prediction, and everything that made it, by digest. */
export const predictionTraceSchema = z.object({
  prediction: predictionViewSchema,
  model: traceSchema,
})
export type PredictionTrace = z.infer<typeof predictionTraceSchema>

const purgeSchema = z.object({
  id: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  /** What was deleted before that time, in epoch milliseconds. */
  before: z.number(),
  dryRun: z.boolean(),
  rows: z.object({
    runs: z.int(),
    experiments: z.int(),
    loggedModels: z.int(),
    /** Of a dry run: what the artifacts of these have. */
    artifactBytes: z.number().optional(),
  }),
  bytes: z.object({
    /** How many digests are named. */
    held: z.int(),
    removed: z.int(),
    removedBytes: z.number(),
    young: z.int(),
    youngBytes: z.number(),
  }),
  /** Of prediction logs, past the time that they are kept. */
  predictions: z.object({ files: z.int(), rows: z.int(), bytes: z.number() }),
  database: z.object({ freeBytes: z.number(), compacted: z.boolean() }),
  error: z.string().nullable(),
})
export type Purge = z.infer<typeof purgeSchema>

export const governanceContract = {
  startPurge: endpoint({
    method: 'POST',
    path: '/api/v1/purges',
    summary: 'Delete for good what was deleted long enough ago, and the bytes that nothing names any more',
    permission: 'admin',
    input: z.object({
      olderThanMs: z
        .int()
        .nonnegative()
        .default(30 * 86_400_000)
        .describe('How long ago it was deleted, at least'),
      dryRun: z.boolean().default(true).describe('Only count'),
      compact: z.boolean().default(false).describe('Rewrite the database file to its smallest'),
    }),
    output: purgeSchema,
  }),
  getPurge: endpoint({
    method: 'GET',
    path: '/api/v1/purges/:purgeId',
    summary: 'Show how far a purge is, and at its end what went',
    permission: 'read',
    input: z.object({ purgeId: z.string() }),
    output: purgeSchema,
    errors: ['not_found'],
  }),
  audit: endpoint({
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'Who changed what, newest first',
    permission: 'admin',
    input: z.object({ limit: z.number().int().min(1).max(1000).default(100) }),
    output: z.object({ items: z.array(auditRecordSchema) }),
  }),
  events: endpoint({
    method: 'GET',
    path: '/api/v1/events',
    summary: 'What happened, newest first',
    permission: 'read',
    input: z.object({
      before: z.number().int().optional().describe('Only events with a smaller sequence'),
      subject: z.string().optional(),
      limit: z.number().int().min(1).max(1000).default(50),
    }),
    output: z.object({ items: z.array(eventViewSchema) }),
  }),
  tracePrediction: endpoint({
    method: 'GET',
    path: '/api/v1/predictions/:id/trace',
    summary: 'Trace one prediction to model version, run, data, parameters and code',
    permission: 'read',
    input: z.object({ id: z.string().min(1).max(200) }),
    output: predictionTraceSchema,
    errors: ['not_found'],
  }),
} satisfies Contract
