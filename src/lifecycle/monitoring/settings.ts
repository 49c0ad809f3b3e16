import { z } from 'zod'
import { durationMs } from '#contract/units'
import { metricNameSchema } from '#lifecycle/evaluation/contract'
import { analysisSettingsSchema, type AnalysisSettings } from '#lifecycle/serving/contract'

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

/** What may ask for retraining, or forbid it. */
const retrainingKindSchema = z.enum(['drift', 'performance'])

export const alertKindSchema = z.enum([...retrainingKindSchema.options, 'release'])

export const retrainingPolicySchema = z.strictObject({
  pipeline: z.string().min(1).describe('The pipeline to start'),
  when: z
    .array(retrainingKindSchema)
    .min(1)
    .default(['performance'])
    .describe('Alerts that ask for retraining'),
  unless_firing: z
    .array(retrainingKindSchema)
    .default([])
    .describe('Alerts that forbid it: a fault of the input should be mended, not learned'),
  cool_down: durationMs.prefault('7d').describe('Shortest time between two retrainings'),
})

export const monitorSchema = z.strictObject({
  window: durationMs
    .prefault('7d')
    .describe('Length of a window; by event time where requests carry one, else by arrival'),
  drift: z.union([z.literal(false), driftSettingsSchema]).prefault({}),
  performance: z.array(performanceRuleSchema).default([]),
  retraining: retrainingPolicySchema.optional(),
  canary: analysisSettingsSchema.optional(),
})

/** By name of the deployment that is watched. */
export const monitorsSchema = z.record(z.string().min(1), monitorSchema).prefault({})

export type DriftSettings = z.infer<typeof driftSettingsSchema>
export type PerformanceRule = z.infer<typeof performanceRuleSchema>
export type RetrainingPolicy = z.infer<typeof retrainingPolicySchema>
export type CanaryPolicy = AnalysisSettings
export type Monitor = z.infer<typeof monitorSchema>
