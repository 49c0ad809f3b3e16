import * as z from 'zod'

export type { GateResult } from './gate.ts'
export type { EvaluationReport } from './report.ts'

export const taskSchema = z.enum(['binary', 'regression'])
export type Task = z.infer<typeof taskSchema>

const binaryMetricNames = [
  'roc_auc',
  'average_precision',
  'log_loss',
  'brier_score',
  'expected_calibration_error',
  'calibration_gap',
  'accuracy',
  'precision',
  'recall',
  'f1',
  'positive_rate',
  'predicted_positive_rate',
] as const
const regressionMetricNames = ['rmse', 'mae', 'r2', 'mean_error'] as const

export const metricNameSchema = z.enum([...binaryMetricNames, ...regressionMetricNames])
export type MetricName = z.infer<typeof metricNameSchema>

/** The 95 % interval and, in words, how it was found. */
export const intervalSchema = z.strictObject({
  low: z.number(),
  high: z.number(),
  level: z.literal(0.95),
  method: z.string(),
})
export type Interval = z.infer<typeof intervalSchema>

const missing = {
  /** Defined for other rows, but not for these: one class only, too few rows. */
  undefined: z.strictObject({
    status: z.literal('undefined'),
    name: metricNameSchema,
    reason: z.string(),
    n: z.int().nonnegative(),
  }),
  /** The input is broken: a score that is NaN, a column that is not there. */
  error: z.strictObject({ status: z.literal('error'), name: metricNameSchema, reason: z.string() }),
}

/** A metric carries its doubt, or says why it has no value. Numbers are always finite. */
export const metricValueSchema = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('value'),
    name: metricNameSchema,
    value: z.number(),
    interval: intervalSchema,
    /** Rows counted, whatever their weights. */
    n: z.int().nonnegative(),
    nPositive: z.int().nonnegative().optional(),
    /** `null`: neither; a rate that only describes, or an error that is best at zero. */
    higherIsBetter: z.boolean().nullable(),
  }),
  missing.undefined,
  missing.error,
])
export type MetricValue = z.infer<typeof metricValueSchema>

/** Candidate against reference; `difference` is candidate minus reference. */
export const comparisonSchema = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('value'),
    name: metricNameSchema,
    candidate: z.number(),
    reference: z.number(),
    difference: z.number(),
    interval: intervalSchema,
    method: z.string(),
    n: z.int().nonnegative(),
    higherIsBetter: z.boolean().nullable(),
  }),
  missing.undefined,
  missing.error,
])
export type Comparison = z.infer<typeof comparisonSchema>

/** One bin of a reliability diagram: what was promised and what happened. */
export const calibrationBinSchema = z.strictObject({
  n: z.int().positive(),
  lowestScore: z.number(),
  highestScore: z.number(),
  meanScore: z.number(),
  observedRate: z.number(),
  /** Of the observed rate. */
  interval: intervalSchema,
})
export type CalibrationBin = z.infer<typeof calibrationBinSchema>

const curvePointSchema = z.tuple([z.number(), z.number()])
export const curvesSchema = z.strictObject({
  /** `[false positive rate, true positive rate]`, from (0, 0) to (1, 1). */
  roc: z.array(curvePointSchema),
  /** `[recall, precision]`, by rising recall. */
  precisionRecall: z.array(curvePointSchema),
})
export type Curves = z.infer<typeof curvesSchema>

/**
 * The same metrics on a part of the rows. A part that is too small stays in the list, its metrics undefined.
 */
export const sliceResultSchema = z.strictObject({
  name: z.string(),
  column: z.string(),
  /** Written by hand, so that an empty one is a mistake rather than a fact. */
  named: z.boolean(),
  /** Set when rare values share this slice. */
  pooledValues: z.int().optional(),
  n: z.int().nonnegative(),
  tooSmall: z.boolean(),
  metrics: z.array(metricValueSchema),
})
export type SliceResult = z.infer<typeof sliceResultSchema>

export const metricsOfTask: Readonly<Record<Task, readonly MetricName[]>> = {
  binary: binaryMetricNames,
  regression: regressionMetricNames,
}

export function metricNamed<Value extends { readonly name: MetricName }>(
  values: readonly Value[],
  name: MetricName,
): Value | undefined {
  return values.find((value) => value.name === name)
}
