import { z } from 'zod'
import { durationMs } from '#contract/units'
import { metricNameSchema } from '#lifecycle/evaluation/contract'

const chance = z.number().gt(0).lt(0.5)

/**
 * By what a new version is judged beside the champion: `analysis` of a release, and `canary` of a monitor, in devmlops.yaml.
 */
export const analysisSettingsSchema = z.strictObject({
  metric: metricNameSchema
    .optional()
    .describe('Realized metric that must be no worse before it is promoted; left out, labels decide nothing'),
  margin: z.number().min(0).default(0).describe('How much worse than the champion still counts as no worse'),
  minimum_labels: z.int().min(1).default(500).describe('Labels that both have before the metric is judged'),
  minimum_requests: z
    .int()
    .min(1)
    .default(200)
    .describe('Requests of each at every step before errors, latency and scores are judged'),
  alpha: chance
    .default(0.05)
    .describe('Chance, over the whole rollout, that a version which is as good is taken back'),
  error_alpha: chance.default(0.001).describe('The part of it that more errors may use at each step'),
  error_margin: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('How many more of its requests may fail, as a share'),
  slowdown: z.number().gt(1).optional().describe("Largest ratio of its latency to the champion's"),
  latency_quantile: z.number().min(0.5).max(0.999).default(0.95).describe('Which quantile of the latency'),
  score_shift: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(
      "Largest gap between the distributions of its scores and the champion's; left out, only reported",
    ),
  maximum_duration: durationMs
    .prefault('14d')
    .describe('A step that is undecided for longer raises an alert; it is held on'),
})

export type AnalysisSettings = z.output<typeof analysisSettingsSchema>
