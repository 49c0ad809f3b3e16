import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { logFiguresSchema } from '../deployment/log.ts'

const storageSchema = z.object({
  segments: z.number().int().describe('Files of lines, which are still written to or wait to be compacted'),
  segmentBytes: z.number(),
  files: z.number().int().describe('Parquet files'),
  fileBytes: z.number(),
  rows: z.number().describe('Predictions in the Parquet files'),
  repeated: z.number().describe('Lines left out of them: of an id that was there already'),
  unreadable: z.number().describe('Lines left out of them: no records'),
  removedRows: z.number().describe('What retention has removed so far'),
  removedBytes: z.number(),
})
export type LogStorage = z.output<typeof storageSchema>

const eventsSchema = z.object({
  sent: z.number().describe('Predictions that were sent as events'),
  refused: z.number().describe('Events that the receiver will never take'),
  waitingBytes: z.number().describe('Of the log, behind the last event that was taken'),
  problem: z.string().optional(),
  nextTryAt: z.number().optional(),
})
export type LogEvents = z.output<typeof eventsSchema>

export const logViewSchema = z.object({
  deployment: z.string(),
  mode: z.enum(['before_answer', 'after_answer', 'off']),
  retain: z.string().optional(),
  storage: storageSchema,
  figures: logFiguresSchema
    .optional()
    .describe('Of the serving process, since it started; absent while it does not run'),
  events: eventsSchema.optional(),
})
export type LogView = z.output<typeof logViewSchema>

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const recordSchema = z.object({
  id: z.string(),
  request_id: z.string(),
  time: z.number(),
  event_time: z.number().optional(),
  deployment: z.string(),
  variant: z.string(),
  model: z.string(),
  version: z.number(),
  key: z.string().optional(),
  inputs: z.record(z.string(), z.union([value, z.array(value)])),
  outputs: z.record(z.string(), z.union([value, z.array(value)])),
  latency_ms: z.number(),
  caller: z.string().optional(),
  trace_id: z.string().optional(),
  weight: z.number().optional().describe('How many predictions it stands for, where the log keeps a sample'),
})

const named = z.object({ name: z.string().min(1).describe('Name of the deployment') })
const count = z.coerce.number().int().nonnegative()

export const predictionLogContract = {
  log: endpoint({
    method: 'GET',
    path: '/api/v1/deployments/:name/prediction-log',
    summary: 'What a prediction log holds, what it lost, and what it takes on disk',
    permission: 'read',
    input: named,
    output: logViewSchema,
    errors: ['not_found'],
  }),
  records: endpoint({
    method: 'GET',
    path: '/api/v1/deployments/:name/prediction-log/records',
    summary: 'Logged predictions in the order they were made, page by page',
    permission: 'read',
    input: named.extend({
      since: count.optional().describe('Epoch milliseconds'),
      until: count.optional().describe('Epoch milliseconds; excluded'),
      afterSegment: count.optional().describe('`next.segment` of the page before'),
      afterOffset: count.optional().describe('`next.offset` of the page before'),
      limit: z.coerce.number().int().min(1).max(10_000).default(1000),
    }),
    output: z.object({
      items: z.array(recordSchema),
      next: z.object({ segment: z.number(), offset: z.number() }).optional().describe('Absent at the end'),
    }),
    errors: ['not_found'],
  }),
  compact: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/prediction-log/compact',
    summary: 'Compact closed segments, merge small files and remove what is past its time, now',
    permission: 'operate',
    input: named,
    output: z.object({ jobId: z.string() }),
    errors: ['not_found'],
  }),
} satisfies Contract
