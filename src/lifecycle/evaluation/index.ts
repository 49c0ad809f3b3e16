export {
  type CalibrationBin,
  type Comparison,
  comparisonSchema,
  type Curves,
  type Interval,
  metricNamed,
  type MetricName,
  metricNameSchema,
  metricsOfTask,
  type MetricValue,
  metricValueSchema,
  type SliceResult,
  sliceResultSchema,
  type Task,
  taskSchema,
} from './contract.ts'
export { compareIndependent, comparePaired, type ComparisonOptions, type PairedRows } from './comparison.ts'
export { evaluate, type EvaluationInput, type ReferenceModel } from './evaluate.ts'
export { formatEstimate, formatNumber } from './format-number.ts'
export {
  describeGate,
  type Gate,
  type GateResult,
  gateResultSchema,
  gateSchema,
  type ReferenceName,
} from './gate.ts'
export { findLeaks, type Leak, type LeakageInput } from './leakage.ts'
export { measure } from './measure.ts'
export { type ModelEvaluation, modelEvaluationSchema } from './model-evaluation.ts'
export { renderReport } from './render-report.ts'
export { type EvaluationReport, evaluationReportSchema } from './report.ts'
export { type PreparedRows, prepareRows, type ScoredInput, type ScoredRows } from './scored-rows.ts'
export { modelsSection } from './section.ts'
export { worstSlice } from './slice.ts'
export type { Champion, ChampionSource } from './champion-point.ts'
export { evaluateForm } from './evaluate-form.ts'
export { evaluateStep, type EvaluateStepDependencies } from './evaluate-step.ts'
export { evaluationFiles, type EvaluationResult, evaluationResultSchema } from './evaluation-result.ts'
export type { ModelScorer, ScorableModel } from './scorer-point.ts'
