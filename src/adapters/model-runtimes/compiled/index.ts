export { createCompiledScorer, type CompiledScorer } from './compiled-scorer.ts'
export { parseModel, type ParseResult } from './parse-model.ts'
export type {
  LinearPredictor,
  Link,
  MatrixColumn,
  ParsedInput,
  ParsedModel,
  Predictor,
  ScoreOutput,
  ScoreValue,
  TreePredictor,
} from './parsed-model.ts'
export { memberMode } from './parsed-model.ts'
export { createProgramRunner, prepareRows, type ProgramRunner } from './run-program.ts'
export { branchTest } from './run-trees.ts'
