import { z } from 'zod'
import { defineSection } from '#lifecycle/project/index'
import { modelEvaluationSchema } from './model-evaluation.ts'

/** `models` of devmlops.yaml. */
export const modelsSection = defineSection({
  name: 'models',
  summary: 'Models: their task, the slices they are measured on, and the gates they must pass.',
  schema: z.record(z.string().regex(/^[A-Za-z0-9][\w.-]{0,99}$/), modelEvaluationSchema).prefault({}),
  example: `models:
  returns:
    description: Probability that an order is sent back.
    task: binary
    threshold: 0.5
    slices:
      - { by: country, min_rows: 500 }
      - { name: expensive, column: amount, between: [150, null] }
    gates:
      - { metric: roc_auc, at_least: 0.6 }
      - { metric: log_loss, better_than: baseline }
      - { metric: log_loss, no_worse_than: champion, by: 0.005 }
      - { metric: roc_auc, worst_slice_at_least: 0.55 }
      - { metric: calibration_gap, within: 0.05 }
`,
})
