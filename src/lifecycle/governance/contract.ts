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

export const governanceContract = {
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
