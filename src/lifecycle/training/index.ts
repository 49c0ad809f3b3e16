export { adoptGraph, type AdoptedGraph } from './adopt-graph.ts'
export type {
  CandidateOutcome,
  CandidateWork,
  FailedOutcome,
  TrainedOutcome,
  TrainingData,
} from './candidate-pool.ts'
export type { Candidate, TrainStep } from './contract.ts'
export { fitModel, scoreModel } from './fit-model.ts'
export type { FittedModel, TrainingRequest } from './fit-model.ts'
export type {
  FeatureSpec,
  Fit,
  FitInput,
  HistoryPoint,
  Importance,
  RawFeature,
  ScoreGraph,
  Task,
  Trainer,
  TrainingProgress,
} from './trainer-point.ts'
export { modelFileName, trainingResultSchema } from './training-result.ts'
export type { ModelFile, TrainedCandidate, TrainingResult } from './training-result.ts'
export type {
  CategoryFeature,
  FeatureColumn,
  Level,
  NumberFeature,
  TableSpec,
  TrainingTable,
} from './training-table.ts'
export { trainForm, trainStep, type LeakFinding, type TrainStepDependencies } from './train-step.ts'
