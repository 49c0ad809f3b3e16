import { z } from 'zod'
import type { StepForm } from '#lifecycle/pipelines/index'

const configSchema = z.strictObject({
  candidates: z.string().min(1).describe('The `train` step whose candidates are evaluated'),
  data: z.string().min(1).describe('A later period that no candidate has seen, such as prepare.holdout'),
  model: z.string().min(1).describe('The entry of `models` with the slices and gates'),
})
export type EvaluateConfig = z.output<typeof configSchema>

export const evaluateForm: StepForm<EvaluateConfig> = {
  name: 'evaluate',
  summary: 'Measure candidates on a later period, pick the best, judge it by the gates of `models`',
  schema: configSchema,
  inputs: ({ candidates, data }) => ({
    candidates: candidates.includes('.') ? candidates : `${candidates}.result`,
    data,
  }),
  outputs: () => [{ name: 'result', kind: 'json' }],
}
