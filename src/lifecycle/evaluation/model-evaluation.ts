import { z } from 'zod'
import { metricNameSchema, metricsOfTask, taskSchema } from './contract.ts'
import { gateSchema } from './gate.ts'
import { sliceDefinitionSchema } from './slice-definition.ts'

const modelEvaluationFields = {
  description: z.string().optional().describe('What the model is for, in a sentence'),
  task: taskSchema.describe('binary: the chance of one outcome; regression: a number'),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('A score at or above it counts as predicted positive (binary only)'),
  select_by: metricNameSchema
    .optional()
    .describe('Of several candidates, the best by this is taken; log_loss or rmse when left out'),
  slices: z.array(sliceDefinitionSchema).default([]).describe('Parts of the rows to measure as well'),
  gates: z.array(gateSchema).default([]).describe('What a model must pass before it may be registered'),
}

/** An entry of `models` in devmlops.yaml: how a model is evaluated and what it must pass. */
export const modelEvaluationSchema = z.strictObject(modelEvaluationFields).superRefine(checkModelEvaluation)
export type ModelEvaluation = z.output<typeof modelEvaluationSchema>

type Context = z.core.$RefinementCtx

/** Mistakes that take more than one field to see. */
function checkModelEvaluation(
  { task, slices, gates }: z.output<z.ZodObject<typeof modelEvaluationFields>>,
  context: Context,
): void {
  const names = new Set<string>()
  for (const [index, slice] of slices.entries()) {
    const name = 'by' in slice ? slice.by : slice.name
    const field = 'by' in slice ? 'by' : 'name'
    if (names.has(name)) issue(context, ['slices', index, field], `there is another slice called ${name}`)
    names.add(name)
  }
  const known = new Set([...names, ...slices.flatMap((slice) => ('by' in slice ? [] : [slice.column]))])
  for (const [index, gate] of gates.entries()) {
    if (!metricsOfTask[task].includes(gate.metric)) {
      const choices = metricsOfTask[task].join(', ')
      issue(
        context,
        ['gates', index, 'metric'],
        `${gate.metric} is not a metric of ${task} models; these are: ${choices}`,
      )
    }
    const isWorstSlice = gate.worst_slice_at_least !== undefined || gate.worst_slice_at_most !== undefined
    if (isWorstSlice && slices.length === 0) {
      issue(context, ['gates', index], 'the model has no slices, so there is no worst one')
    }
    for (const [place, name] of (gate.slices ?? []).entries()) {
      // "origin: JFK" is made by the slices {by: origin} and known only when there is data.
      const isMade = slices.some((slice) => 'by' in slice && name.startsWith(`${slice.by}: `))
      if (!known.has(name) && !isMade) {
        issue(context, ['gates', index, 'slices', place], `no slice is called ${name}, nor made by it`)
      }
    }
  }
}

function issue(context: Context, path: (string | number)[], message: string): void {
  context.addIssue({ code: 'custom', path, message })
}
