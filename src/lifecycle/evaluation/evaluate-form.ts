import { z } from 'zod'
import type { StepForm } from '#lifecycle/pipelines/index'

const configSchema = z.strictObject({
  candidates: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(
      '`train` steps whose candidates are evaluated, and ONNX files that other steps made, such as fit.model',
    ),
  label: z.string().min(1).optional().describe('The column with the truth, where no `train` step says it'),
  data: z.string().min(1).describe('A later period that no candidate has seen, such as prepare.holdout'),
  model: z.string().min(1).describe('The entry of `models` with the slices and gates'),
})
export type EvaluateConfig = z.output<typeof configSchema>

export const evaluateForm: StepForm<EvaluateConfig> = {
  name: 'evaluate',
  summary: 'Measure candidates on a later period, pick the best, judge it by the gates of `models`',
  schema: configSchema,
  inputs: ({ candidates, data }) => ({ ...candidateInputs(candidates), data }),
  outputs: () => [{ name: 'result', kind: 'json' }],
}

/** Inputs are called `candidates`, `candidates-2`, …; a step alone stands for its result. */
function candidateInputs(candidates: string | readonly string[]): Record<string, string> {
  const references = typeof candidates === 'string' ? [candidates] : candidates
  return Object.fromEntries(
    references.map((reference, index) => [
      index === 0 ? 'candidates' : `candidates-${index + 1}`,
      reference.includes('.') ? reference : `${reference}.result`,
    ]),
  )
}
