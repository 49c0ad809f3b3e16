import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { comparisonSchema, metricValueSchema } from '#lifecycle/evaluation/contract'
import {
  alertSchema,
  alertStateSchema,
  alertTransitionSchema,
  columnDriftSchema,
  verdictSchema,
  windowSchema,
} from './findings.ts'
import { alertKindSchema } from './settings.ts'

export type { Alert } from './findings.ts'

/** Labels that one call may bring. */
export const maximumLabels = 10_000

const count = z.int().min(0)
const named = z.object({ name: z.string().min(1).describe('Name of the deployment, and of its monitor') })

const labelSchema = z.object({
  id: z.string().min(1).max(200).describe('Id of the prediction, from the answer of the endpoint'),
  label: z
    .union([z.number(), z.boolean().transform(Number)])
    .describe('The truth: 0 or 1 for a binary model, a number for regression'),
  time: z
    .union([z.int(), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))])
    .optional()
    .describe('When it became known, epoch milliseconds or ISO 8601'),
})
export type Label = z.output<typeof labelSchema>

const feedbackResultSchema = z.object({
  new: count,
  changed: count,
  unchanged: count,
  unknown: count.describe('Of the ids in this call, those of which no prediction is logged (yet)'),
})
export type FeedbackResult = z.infer<typeof feedbackResultSchema>

const performanceFindingSchema = z.object({
  subject: z.string(),
  verdict: verdictSchema,
  metric: metricValueSchema,
  reason: z.string(),
})

/** What one model version did in a window. */
const versionWindowSchema = z.object({
  model: z.string(),
  version: z.int(),
  rows: count,
  variants: z.record(z.string(), count).describe('rows that it answered as champion and as canary'),
  labels: count,
  metrics: z.array(metricValueSchema).describe('realized on the labelled rows; empty without labels'),
})
export type VersionWindow = z.infer<typeof versionWindowSchema>

const windowFindingsSchema = z.object({
  model: z.string().describe('The version that answered most rows: the window is judged by its rows'),
  version: z.int(),
  drift: z.object({
    verdict: verdictSchema,
    reason: z.string(),
    columns: z.array(columnDriftSchema),
  }),
  performance: z.array(performanceFindingSchema),
  versions: z.array(versionWindowSchema),
})
export type WindowFindings = z.infer<typeof windowFindingsSchema>

const monitoredWindowSchema = z.object({
  monitor: z.string(),
  window: windowSchema,
  rows: count,
  labels: count,
  state: z
    .enum(['open', 'due', 'judged'])
    .describe('open: rows may still come; due: ended or changed, and judged at the next check'),
  judgedAt: z.iso.datetime().optional(),
  findings: windowFindingsSchema.optional(),
})
export type MonitoredWindow = z.infer<typeof monitoredWindowSchema>

const retrainingSchema = z.object({
  id: z.string(),
  monitor: z.string(),
  decision: z.enum(['start', 'hold']),
  why: z.string().optional().describe('Of a hold: nothing_firing, input_fault, already_started or cool_down'),
  reason: z.string(),
  pipeline: z.string(),
  alerts: z.array(z.string()).describe('Ids of the alerts that asked'),
  decidedAt: z.iso.datetime(),
  eventTime: z.iso.datetime().describe('The time in the data up to which was judged'),
  state: z
    .enum(['requested', 'started', 'failed', 'interrupted'])
    .optional()
    .describe('Of a start; interrupted: the process ended before it knew, look at the runs of the pipeline'),
  runId: z.string().optional(),
  failure: z.string().optional(),
})
export type Retraining = z.infer<typeof retrainingSchema>

const trafficSchema = z.object({
  requests: count,
  errors: count.describe('requests that failed through no fault of the caller'),
  refused: count.default(0).describe('requests whose rows it does not take; not among the others'),
  rows: count.default(0),
  latencyP95Ms: z.number().optional(),
})

const canaryCheckSchema = z.object({
  check: z.enum(['errors', 'refusals', 'latency', 'scores', 'metric']),
  verdict: z.enum(['pass', 'wait', 'fail']),
  seen: count.describe('predictions, requests, rows or labels of the one that has fewer'),
  needed: count,
  estimate: z
    .number()
    .nullable()
    .describe(
      'canary minus champion for errors, refusals and metric, over champion for latency, largest gap for scores',
    ),
  interval: z
    .object({ low: z.number().nullable(), high: z.number().nullable() })
    .nullable()
    .describe('holds at all looks together with a chance of 1 - alpha; null ends are unbounded'),
  threshold: z.number().nullable().describe('null: only reported'),
  alpha: z.number(),
  reason: z.string(),
})
export type CanaryCheck = z.infer<typeof canaryCheckSchema>

const canaryVerdictSchema = z.object({
  judgedAt: z.iso.datetime(),
  step: z.int().min(1).default(1).describe('counted from 1'),
  steps: z.int().min(1).default(1),
  decision: z.enum(['advance', 'promote', 'hold', 'roll_back']),
  reason: z.string(),
  checks: z.array(canaryCheckSchema).default([]),
  comparison: comparisonSchema.optional().describe('canary minus champion, on the same rows; one look'),
  labels: count.describe('labelled rows that both versions scored'),
  champion: trafficSchema,
  canary: trafficSchema,
  deaths: count
    .default(0)
    .describe('how often the process that counts requests died: each loses up to a second'),
})
export type CanaryVerdict = z.infer<typeof canaryVerdictSchema>

const canaryTrialSchema = z.object({
  id: z.string(),
  monitor: z.string(),
  model: z.string(),
  variant: z.string(),
  championVersion: z.int(),
  canaryVersion: z.int(),
  startedAt: z.iso.datetime(),
  state: z.enum(['running', 'promoted', 'rolled_back', 'ended']),
  endedAt: z.iso.datetime().optional(),
  reason: z.string().optional().describe('Why it ended'),
  verdict: canaryVerdictSchema.optional().describe('The last one'),
})
export type CanaryTrial = z.infer<typeof canaryTrialSchema>

const monitorStatusSchema = z.object({
  name: z.string(),
  windowMs: z.number(),
  predictions: count.describe('rows read from the log'),
  labels: count.describe('of them with a label'),
  windows: z.object({ open: count, due: count, judged: count }),
  latest: monitoredWindowSchema.optional().describe('The last window that was judged'),
  alerts: z.array(alertSchema).describe('pending and firing'),
  retraining: retrainingSchema.optional().describe('The last decision'),
  canary: canaryTrialSchema.optional().describe('The last trial'),
  checkedAt: z.iso.datetime().optional().describe('The last check that succeeded'),
  failure: z
    .object({ at: z.iso.datetime(), reason: z.string() })
    .optional()
    .describe('The last check, if it failed'),
})
export type MonitorStatus = z.infer<typeof monitorStatusSchema>

const checkResultSchema = z.object({
  monitor: z.string(),
  read: count.describe('rows that were new in the log'),
  judged: z.array(windowSchema),
  changes: z.array(alertTransitionSchema).describe('Changes of alerts that followed'),
  retraining: retrainingSchema.optional(),
  canary: canaryTrialSchema.optional(),
})
export type CheckResult = z.infer<typeof checkResultSchema>

export const monitoringContract = {
  feedback: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/feedback',
    summary: 'Bring true labels of predictions; the same id again replaces its label',
    permission: 'write',
    input: named.extend({ labels: z.array(labelSchema).min(1).max(maximumLabels) }),
    output: feedbackResultSchema,
    errors: ['not_found', 'invalid_input'],
  }),
  list: endpoint({
    method: 'GET',
    path: '/api/v1/monitors',
    summary: 'All monitors with what they know now',
    permission: 'read',
    input: z.object({}),
    output: z.object({ items: z.array(monitorStatusSchema) }),
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/v1/monitors/:name',
    summary: 'One monitor',
    permission: 'read',
    input: named,
    output: monitorStatusSchema,
    errors: ['not_found'],
  }),
  windows: endpoint({
    method: 'GET',
    path: '/api/v1/monitors/:name/windows',
    summary: 'The newest windows in the order of time, with drift by column and realized metrics',
    permission: 'read',
    input: named.extend({ limit: z.int().min(1).max(1000).default(100) }),
    output: z.object({ items: z.array(monitoredWindowSchema) }),
    errors: ['not_found'],
  }),
  check: endpoint({
    method: 'POST',
    path: '/api/v1/monitors/:name/check',
    summary: 'Read new predictions, judge what changed, and act on it: alerts, retraining, canary',
    permission: 'operate',
    input: named,
    output: checkResultSchema,
    errors: ['not_found', 'conflict'],
  }),
  retrainings: endpoint({
    method: 'GET',
    path: '/api/v1/monitors/:name/retrainings',
    summary: 'Decisions about retraining, newest first; a hold is kept when its reason is new',
    permission: 'read',
    input: named.extend({ limit: z.int().min(1).max(1000).default(50) }),
    output: z.object({ items: z.array(retrainingSchema) }),
    errors: ['not_found'],
  }),
  canaries: endpoint({
    method: 'GET',
    path: '/api/v1/monitors/:name/canaries',
    summary: 'Trials of canaries with all their verdicts, newest first',
    permission: 'read',
    input: named,
    output: z.object({
      items: z.array(canaryTrialSchema.extend({ verdicts: z.array(canaryVerdictSchema) })),
    }),
    errors: ['not_found'],
  }),
  alerts: endpoint({
    method: 'GET',
    path: '/api/v1/alerts',
    summary: 'Alerts, the newest episode first',
    permission: 'read',
    input: z.object({
      monitor: z.string().optional(),
      kind: alertKindSchema.optional(),
      state: alertStateSchema.optional().describe('Default: pending and firing'),
      all: z.boolean().default(false).describe('Resolved ones too'),
      limit: z.int().min(1).max(1000).default(100),
    }),
    output: z.object({ items: z.array(alertSchema) }),
  }),
  alert: endpoint({
    method: 'GET',
    path: '/api/v1/alerts/:id',
    summary: 'One alert with its history',
    permission: 'read',
    input: z.object({ id: z.string().min(1) }),
    output: alertSchema.extend({ transitions: z.array(alertTransitionSchema) }),
    errors: ['not_found'],
  }),
} satisfies Contract
