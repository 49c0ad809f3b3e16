import { z } from 'zod'
import {
  calibrationBinSchema,
  comparisonSchema,
  curvesSchema,
  metricValueSchema,
  sliceResultSchema,
  taskSchema,
} from './contract.ts'
import { gateResultSchema, referenceNameSchema } from './gate.ts'

const weight = z.number().nonnegative()

/** How a model did on rows it had not seen, and whether that is enough. Plain JSON: no NaN, no infinity. */
export const evaluationReportSchema = z.strictObject({
  formatVersion: z.literal(1),
  model: z.string(),
  runId: z.string(),
  dataset: z.strictObject({ name: z.string(), version: z.string() }),
  /** The time that the rows cover, ISO 8601; null when rows have no time. */
  period: z.strictObject({ from: z.string(), to: z.string() }).nullable(),
  /** ISO 8601. */
  evaluatedAt: z.string(),
  task: taskSchema,
  threshold: z.number(),
  n: z.int().nonnegative(),
  nPositive: z.int().nonnegative().nullable(),
  metrics: z.array(metricValueSchema),
  /** Weights of the four outcomes at the threshold; null for regression and for broken input. */
  confusion: z
    .strictObject({
      trueNegative: weight,
      falseNegative: weight,
      falsePositive: weight,
      truePositive: weight,
    })
    .nullable(),
  calibration: z.array(calibrationBinSchema),
  /** Null for regression and where one class is absent. */
  curves: curvesSchema.nullable(),
  slices: z.array(sliceResultSchema),
  /** The same rows scored by other models. */
  references: z.array(
    z.strictObject({
      role: referenceNameSchema,
      /** The version or run that was scored; null when there is none. */
      name: z.string().nullable(),
      /** `none`: there is no such model. `unavailable`: there is one, and it could not be scored. */
      status: z.enum(['compared', 'none', 'unavailable']),
      reason: z.string().nullable(),
      comparisons: z.array(comparisonSchema),
    }),
  ),
  gates: z.array(gateResultSchema),
  verdict: z.strictObject({ outcome: z.enum(['passed', 'failed', 'no_gates']), reason: z.string() }),
})
export type EvaluationReport = z.infer<typeof evaluationReportSchema>
