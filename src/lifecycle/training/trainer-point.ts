import type * as z from 'zod'
import type { Node, Tensor } from '#platform/onnx/index'
import type { TrainingTable } from './training-table.ts'

/**
 * Extension point: how a model is fitted. A trainer sees only checked numbers and codes; reading and checking the
 * table, the graph's inputs and outputs, the signature and the metadata are the stage's work and the same for all.
 */
export interface Trainer<Parameters = unknown, State = unknown> {
  /** As in `trainer: gradient-boosting`. */
  readonly name: string
  /** One sentence for `--help` and the documentation. */
  readonly summary: string
  readonly tasks: readonly Task[]
  /** A strict object: every parameter with default, bounds and description. */
  readonly parameters: z.ZodType<Parameters>
  /** What other libraries call a parameter, and its name here: for the hint when someone writes theirs. */
  readonly foreignNames?: Readonly<Record<string, string>>
  /** The same input, parameters and seed give the same state, bit for bit, on every machine. */
  fit(input: FitInput<Parameters>): Fit<State>
  /** One score a row: the probability of the positive class, or the predicted number. */
  score(state: State, table: Pick<TrainingTable, 'rows' | 'features'>): Float64Array
  /** The same scores as ONNX nodes; whatever the caller names `score` there must equal `score` here to 1e-5. */
  toGraph(state: State, features: readonly RawFeature[]): ScoreGraph
}

export type Task = 'binary' | 'regression'

export interface FeatureSpec {
  readonly name: string
  readonly kind: 'number' | 'category'
}

/** A feature and the form in which its raw column arrives; numbers may be used as categories. */
export interface RawFeature extends FeatureSpec {
  readonly raw: 'number' | 'text'
}

export interface FitInput<Parameters> {
  readonly task: Task
  readonly table: TrainingTable
  /** Later or set-aside rows that decide when to stop; never learned from. */
  readonly validation?: TrainingTable
  readonly parameters: Parameters
  readonly seed: number
  readonly onProgress?: (progress: TrainingProgress) => void
}

export interface TrainingProgress {
  readonly iteration: number
  readonly iterations: number
  readonly metrics: Readonly<Record<string, number>>
}

export interface Fit<State> {
  /** Plain data that survives a structured clone, so that it can leave a worker thread. */
  readonly state: State
  /** By feature, the training objective it saved (trees) or the standard deviation of its part of the score (linear models). */
  readonly importance: readonly Importance[]
  readonly history: readonly HistoryPoint[]
  readonly warnings?: readonly string[]
}

export interface Importance {
  readonly feature: string
  readonly gain: number
}

export interface HistoryPoint {
  readonly metric: string
  readonly step: number
  readonly value: number
}

/** Each raw column is a tensor `[N, 1]` that carries the feature's name: float (NaN is missing) or string ('' is missing). */
export interface ScoreGraph {
  readonly nodes: readonly Node[]
  readonly initializers: readonly Tensor[]
  /** The name of a float tensor with N elements, shape `[N]` or `[N, 1]`, holding the scores. */
  readonly score: string
}
