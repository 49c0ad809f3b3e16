import { z } from 'zod'
import { parseDuration } from '#contract/units'

const duration = z
  .string()
  .refine((text) => (parseDuration(text) ?? 0) > 0, 'a duration such as 500ms, 1s or 1m')

/** `explain` of a deployment in devmlops.yaml: what an explanation may cost, of models that can only be asked. */
export const explainSettingsSchema = z
  .strictObject({
    budget_rows: z
      .int()
      .positive()
      .default(2_000)
      .describe('Rows that the model may be asked for each row that is explained'),
    budget: duration.default('1s').describe('A duration: sampling ends by then, with what it has'),
  })
  .prefault({})
export type ExplainSettings = z.output<typeof explainSettingsSchema>

/** The same in the serving plan. */
export const explainPlanSchema = z.object({
  budgetRows: z.int().positive().default(2_000),
  budgetMs: z.number().positive().default(1_000),
})
export type ExplainPlan = z.output<typeof explainPlanSchema>

export function explainPlan(settings: ExplainSettings): z.input<typeof explainPlanSchema> {
  return { budgetRows: settings.budget_rows, budgetMs: parseDuration(settings.budget) }
}
