export {
  type CalibrationBin,
  type Comparison,
  type Curves,
  type Interval,
  metricNamed,
  type MetricName,
  type MetricValue,
  type SliceResult,
  type Task,
} from './contract.ts'
export { compareIndependent, comparePaired, type ComparisonOptions, type PairedRows } from './comparison.ts'
export { evaluate, type EvaluationInput, type ReferenceModel } from './evaluate.ts'
export { type Gate, type GateResult, type ReferenceName } from './gate.ts'
export { findLeaks, type Leak, type LeakageInput } from './leakage.ts'
export { measure } from './measure.ts'
export { type ModelEvaluation, modelEvaluationSchema } from './model-evaluation.ts'
export { renderReport } from './render-report.ts'
export { type EvaluationReport, evaluationReportSchema } from './report.ts'
export { type PreparedRows, prepareRows, type ScoredInput, type ScoredRows } from './scored-rows.ts'
export { modelsSection } from './section.ts'
export type { CandidateSource, KeptEvaluation, LoggedModel, RegisteredCandidate } from './candidate-point.ts'
export type { Champion, ChampionSource } from './champion-point.ts'
export { evaluateForm } from './evaluate-form.ts'
export { evaluateStep, type EvaluateStepDependencies } from './evaluate-step.ts'
export { evaluationFiles, type EvaluationResult, evaluationResultSchema } from './evaluation-result.ts'
export type { ModelScorer, ScorableModel } from './scorer-point.ts'
