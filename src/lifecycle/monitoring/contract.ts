import { z } from 'zod'
import { durationMs } from '#contract/units'
import { metricNameSchema } from '#lifecycle/evaluation/index'

// The section `monitors` of devmlops.yaml. Field names are those of the file.

const share = z.number().min(0).max(1)
const windows = z.int().min(1)

const persistence = {
  for: windows.default(1).describe('Windows in a row that must be breached before the alert fires'),
  resolve_after: windows.default(1).describe('Clean windows in a row after which it is resolved'),
}

export const driftSettingsSchema = z
  .strictObject({
    columns: z
      .union([z.literal('all'), z.array(z.string().min(1)).min(1)])
      .default('all')
      .describe('Columns to watch; scores and labels are columns too'),
    ignore: z.array(z.string().min(1)).default([]).describe('Columns not to watch'),
    statistic: z
      .enum(['psi', 'jensen_shannon'])
      .default('psi')
      .describe('Which effect size the threshold is for; the other is reported beside it'),
    threshold: z.number().positive().default(0.1).describe('Smallest effect that counts as drift'),
    missing: share.default(0.05).describe('Smallest change of the share of missing values that counts'),
    new_categories: share.default(0.01).describe('Smallest share of values in new categories that counts'),
    out_of_range: share
      .default(0.01)
      .describe('Smallest share of numbers outside the range of the reference that counts'),
    alpha: z.number().gt(0).lt(0.5).default(0.01).describe('Largest adjusted p-value that counts'),
    minimum_rows: z.int().min(50).default(500).describe('A window with fewer rows is not judged'),
    ...persistence,
  })
  .meta({ description: 'When the data of a window counts as different from what the model learned on' })

const bounds = ['at_least', 'at_most', 'within', 'worse_than_reference_by'] as const

export const performanceRuleSchema = z
  .strictObject({
    metric: metricNameSchema,
    at_least: z.number().optional().describe('Breached below this'),
    at_most: z.number().optional().describe('Breached above this'),
    within: z.number().positive().optional().describe('Breached further from zero than this'),
    worse_than_reference_by: z
      .number()
      .min(0)
      .optional()
      .describe("Breached if worse than the model's evaluation by more"),
    judge: z
      .enum(['interval', 'point'])
      .default('interval')
      .describe('interval: the whole 95 % interval must be on the bad side; point: the value is enough'),
    minimum_labels: z.int().min(1).default(200).describe('A window with fewer labels is not judged'),
    minimum_coverage: share
      .default(0)
      .describe('A window with a smaller share of labelled predictions is not judged'),
    ...persistence,
  })
  .refine((rule) => bounds.filter((bound) => rule[bound] !== undefined).length === 1, {
    error: `expected exactly one of ${bounds.join(', ')}`,
  })

const alertKindSchema = z.enum(['drift', 'performance'])

export const retrainingPolicySchema = z.strictObject({
  pipeline: z.string().min(1).describe('The pipeline to start'),
  when: z.array(alertKindSchema).min(1).default(['performance']).describe('Alerts that ask for retraining'),
  unless_firing: z
    .array(alertKindSchema)
    .default([])
    .describe('Alerts that forbid it: a fault of the input should be mended, not learned'),
  cool_down: durationMs.prefault('7d').describe('Shortest time between two retrainings'),
})

export const canaryPolicySchema = z.strictObject({
  metric: metricNameSchema,
  margin: z.number().min(0).default(0).describe('How much worse than the champion still counts as no worse'),
  minimum_labels: z.int().min(1).default(500).describe('Labels of each variant before the metric is judged'),
  minimum_requests: z
    .int()
    .min(1)
    .default(200)
    .describe('Requests of each variant before errors and latency are judged'),
  error_alpha: z.number().gt(0).lt(0.5).default(0.001).describe('p-value at which more errors count as more'),
  slowdown: z
    .number()
    .gt(1)
    .optional()
    .describe("Largest ratio of the canary's 95th percentile latency to the champion's"),
})

export const monitorSchema = z.strictObject({
  window: durationMs
    .prefault('7d')
    .describe('Length of a window; by event time where requests carry one, else by arrival'),
  drift: z.union([z.literal(false), driftSettingsSchema]).prefault({}),
  performance: z.array(performanceRuleSchema).default([]),
  retraining: retrainingPolicySchema.optional(),
  canary: canaryPolicySchema.optional(),
})

/** By name of the deployment that is watched. */
export const monitorsSchema = z.record(z.string().min(1), monitorSchema).prefault({})

export type DriftSettings = z.infer<typeof driftSettingsSchema>
export type PerformanceRule = z.infer<typeof performanceRuleSchema>
export type RetrainingPolicy = z.infer<typeof retrainingPolicySchema>
export type CanaryPolicy = z.infer<typeof canaryPolicySchema>
export type Monitor = z.infer<typeof monitorSchema>

// What monitoring finds.

/** `start` belongs to the window, `end` does not. Both ISO 8601 in UTC. */
export const windowSchema = z.object({ start: z.iso.datetime(), end: z.iso.datetime() })
export type Window = z.infer<typeof windowSchema>

const verdictSchema = z.enum(['clean', 'breached', 'unknown'])
export type Verdict = z.infer<typeof verdictSchema>

const driftCheckNameSchema = z.enum(['distribution', 'missing', 'new_categories', 'out_of_range'])

const driftCheckSchema = z.object({
  check: driftCheckNameSchema,
  statistic: z.enum(['psi', 'jensen_shannon', 'share']),
  effect: z.number().min(0),
  threshold: z.number(),
  pValue: share,
  adjustedPValue: share,
  breached: z.boolean(),
  reason: z.string(),
})
export type DriftCheck = z.infer<typeof driftCheckSchema>

export const columnDriftSchema = z.object({
  column: z.string(),
  verdict: verdictSchema,
  /** `verdict` is `breached`. */
  drifted: z.boolean(),
  n: z.int().min(0).describe('rows of the window'),
  nReference: z.int().min(0),
  psi: z.number().min(0).nullable(),
  jensenShannon: z.number().min(0).max(1).nullable().describe('distance, base 2'),
  checks: z.array(driftCheckSchema),
  reason: z.string(),
})
export type ColumnDrift = z.infer<typeof columnDriftSchema>

/** What one window says about one subject. A later judgement of the same window on more evidence replaces it. */
export const judgementSchema = z.object({
  monitor: z.string(),
  kind: alertKindSchema,
  subject: z.string().describe('a column, or a rule such as "roc_auc at least 0.6"'),
  window: windowSchema,
  verdict: verdictSchema,
  reason: z.string(),
  numbers: z.record(z.string(), z.number().nullable()),
  evidence: z.int().min(0).describe('rows or labels that it rests on'),
  judgedAt: z.iso.datetime(),
})
export type Judgement = z.infer<typeof judgementSchema>

const alertStateSchema = z.enum(['pending', 'firing', 'resolved'])

/** One episode of trouble with one subject. */
export const alertSchema = z.object({
  id: z.string().describe('fingerprint and start of the first breached window'),
  fingerprint: z.string(),
  monitor: z.string(),
  kind: alertKindSchema,
  subject: z.string(),
  state: alertStateSchema,
  since: z.iso.datetime().describe('start of the first breached window'),
  firingSince: z.iso.datetime().nullable().describe('end of the window that made it fire'),
  resolvedAt: z.iso.datetime().nullable().describe('end of the window that resolved it'),
  breachedWindows: z.int().min(1),
  window: windowSchema.describe('the last breached window'),
  reason: z.string().describe('of the last breached window'),
  numbers: z.record(z.string(), z.number().nullable()),
})
export type Alert = z.infer<typeof alertSchema>

export const alertTransitionSchema = z.object({
  alert: z.string(),
  fingerprint: z.string(),
  monitor: z.string(),
  kind: alertKindSchema,
  subject: z.string(),
  from: z.enum(['quiet', 'pending', 'firing']),
  to: alertStateSchema,
  window: windowSchema,
  reason: z.string(),
  numbers: z.record(z.string(), z.number().nullable()),
})
export type AlertTransition = z.infer<typeof alertTransitionSchema>
