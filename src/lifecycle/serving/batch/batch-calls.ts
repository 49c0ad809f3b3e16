import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { batchSettingsSchema } from './batch-section.ts'

export const batchRunSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  /** What the aliases named when it began. */
  model: z.string().optional(),
  version: z.number().int().optional(),
  /** Datasets with the version that was read. */
  sources: z.array(z.string()),
  scoredRows: z.number().int(),
  totalRows: z.number().int().optional(),
  refused: z.number().int().optional().describe('Rows that have a reason instead of scores'),
  result: z.string().optional().describe('Dataset and version, or the folder'),
  error: z.string().optional(),
  actor: z.string(),
  dueAt: z.number(),
  createdAt: z.number(),
  finishedAt: z.number().optional(),
})
export type BatchRun = z.output<typeof batchRunSchema>

const id = z.string().min(1).describe('Id of the run')

export const batchCalls = {
  startBatch: endpoint({
    method: 'POST',
    path: '/api/v1/batches/:name/runs',
    summary: 'Score a table as a whole: what devmlops.yaml says of the batch, or the settings of the call',
    permission: 'operate',
    input: z.object({
      name: z.string().min(1).describe('The batch, as in devmlops.yaml, or a name for this one'),
      settings: batchSettingsSchema.optional(),
    }),
    output: batchRunSchema,
    errors: ['not_found', 'invalid_input', 'conflict', 'permission_denied'],
  }),
  batchRuns: endpoint({
    method: 'GET',
    path: '/api/v1/batches/runs',
    summary: 'Runs of batch scoring, newest first',
    permission: 'read',
    input: z.object({
      name: z.string().optional(),
      limit: z.number().int().min(1).max(1000).default(20),
    }),
    output: z.object({ items: z.array(batchRunSchema) }),
  }),
  batchRun: endpoint({
    method: 'GET',
    path: '/api/v1/batches/runs/:id',
    summary: 'One run of batch scoring',
    permission: 'read',
    input: z.object({ id }),
    output: batchRunSchema,
    errors: ['not_found'],
  }),
  cancelBatch: endpoint({
    method: 'POST',
    path: '/api/v1/batches/runs/:id/cancel',
    summary: 'Stop a run of batch scoring; nothing of it is published',
    permission: 'operate',
    input: z.object({ id }),
    output: batchRunSchema,
    errors: ['not_found'],
  }),
} as const satisfies Contract
