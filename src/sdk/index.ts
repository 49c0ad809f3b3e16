import { connect, type ConnectOptions } from './connect.ts'
import type { Run } from './run.ts'
import type { StartRunOptions } from './runs.ts'

export { DevmlopsError, type ErrorCode } from '#contract/errors'
export type { RunDocument, RunStatus } from '#lifecycle/tracking/contract'
export type { ArtifactSource } from './artifacts.ts'
export { connect, type ConnectOptions, type DevmlopsClient } from './connect.ts'
export { readEnvironment, type SdkEnvironment } from './environment.ts'
export { flushJournals, type FlushOptions, type FlushOutcome } from './flush-journals.ts'
export {
  createPredictionClient,
  type InferAnswer,
  type InferOptions,
  type InputRow,
  type PredictOptions,
  type Prediction,
  type PredictionClient,
  type PredictionClientOptions,
} from './prediction-client.ts'
export type { ChildRunOptions, EndStatus, MetricOptions, Run, TextValue } from './run.ts'
export type { LoggingOptions, StartRunOptions } from './runs.ts'
export type { RunSearchOptions } from './search-runs.ts'
export type { TensorInput, TensorOutput, TensorValues } from './tensors.ts'

/**
 * Starts a run over a connection of its own. With a function, the run ends with it: FINISHED when it returns, FAILED when it
 * throws. Where there is more to do than one run, `connect()` once.
 */
export function startRun(options?: StartRunOptions & ConnectOptions): Promise<Run>
export function startRun<Result>(
  options: StartRunOptions & ConnectOptions,
  body: (run: Run) => Promise<Result> | Result,
): Promise<Result>
export function startRun<Result>(
  options: StartRunOptions & ConnectOptions = {},
  body?: (run: Run) => Promise<Result> | Result,
): Promise<Run | Result> {
  const devmlops = connect(options)
  return body === undefined ? devmlops.startRun(options) : devmlops.startRun(options, body)
}
