import { z } from 'zod'
import type { StepForm } from '#lifecycle/pipelines/index'
import { isModelUri } from './candidate-point.ts'

const configSchema = z.strictObject({
  candidates: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(
      '`train` steps, ONNX files and MLflow models that other steps made, such as fit.model, and models by their URI: models:/NAME@ALIAS, models:/NAME/VERSION, models:/ID, runs:/ID/PATH',
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

export function candidateNames({ candidates }: Pick<EvaluateConfig, 'candidates'>): readonly string[] {
  return typeof candidates === 'string' ? [candidates] : candidates
}

/** Inputs are called `candidates`, `candidates-2`, …; a step alone stands for its result. A URI is no input. */
function candidateInputs(candidates: string | readonly string[]): Record<string, string> {
  const references = typeof candidates === 'string' ? [candidates] : candidates
  return Object.fromEntries(
    references
      .filter((reference) => !isModelUri(reference))
      .map((reference, index) => [
        index === 0 ? 'candidates' : `candidates-${index + 1}`,
        reference.includes('.') ? reference : `${reference}.result`,
      ]),
  )
}
