import type { ModelFormat, ModelSignature } from '#lifecycle/tracking/contract'
import type { UpstreamPlan } from './deployment/upstream.ts'
import type { GraphPlan, PythonPlan } from './deployment/variant-plan.ts'

export type { UpstreamPlan, UpstreamTensor } from './deployment/upstream.ts'
export type { GraphOutput, GraphSource } from './deployment/graph.ts'
export type { GraphPlan } from './deployment/variant-plan.ts'

/**
 * Extension point: how a model is loaded and scored. A runtime keeps the work off the event loop and knows nothing of
 * HTTP, routing or logs.
 */
export interface ModelRuntime {
  readonly name: string
  /** Fails with `invalid_input` when the files are not a model that fits the signature. */
  load(source: ModelSource): Promise<LoadedModel>
  close(): Promise<void>
}

export interface ModelSource {
  /** Names the model in errors, such as `flight-delays v3`. */
  readonly label: string
  readonly signature: ModelSignature
  /** Undefined: `model.onnx`, on raw columns. */
  readonly format: ModelFormat | undefined
  /** Paths of the model's files. */
  readonly paths: readonly string[]
  /** The content of one file, checked against its digest. */
  read(path: string): Promise<Uint8Array>
  /** What the deployment says of Python processes. */
  readonly python?: PythonPlan | undefined
  /** A model of another server; it has no files. */
  readonly upstream?: UpstreamPlan | undefined
  /** Several models that answer as one; they are loaded already, and released by whoever loaded them. */
  readonly graph?: { readonly plan: GraphPlan; readonly nodes: ReadonlyMap<string, NodeModel> } | undefined
}

/** A model within a graph of models. */
export interface NodeModel {
  readonly label: string
  readonly signature: ModelSignature
  score(batch: RowBatch, call?: ScoreCall): Promise<ScoredRows>
  readonly health: () => string | undefined
}

/** What holds for a batch besides its rows. */
export interface ScoreCall {
  /** In the time of `performance.now()`: nobody waits for any row of the batch after it. */
  readonly deadlineAt?: number | undefined
}

export type SignatureOutput = ModelSignature['outputs'][number]

export interface LoadedModel {
  /** For clients that ask what answers: the Open Inference Protocol calls it the platform. */
  readonly platform: string
  /** What else there is to know of it, such as how its batches are scored and why; in words. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** Batches that can be scored at the same time. */
  readonly parallelBatches: number
  /** What the model gives for a row. The signature that a model was logged with may not say. */
  readonly outputs: readonly SignatureOutput[]
  /** How MLflow's scoring server would answer; undefined for a model that it could not load. */
  readonly answer?: AnswerForm | undefined
  /** A row was scored while it was loaded. */
  readonly isWarm: boolean
  /** Settles when it is known how batches are scored best; until then they are scored the slower way. */
  readonly settled?: Promise<unknown> | undefined
  /** Bytes that it holds now, where the runtime can tell; whoever loads it measures otherwise. */
  readonly memoryBytes?: (() => number) | undefined
  /** Why it cannot answer at the moment, for a model that another server answers for. */
  readonly health?: (() => string | undefined) | undefined
  /** Explains from its insides what it gives; undefined, or nothing in the end, for a model that can only be asked. */
  readonly explainer?: (() => Promise<ModelExplainer | undefined>) | undefined
  /** The buffers of the batch may be moved to another thread: the caller must not touch them again. */
  score(batch: RowBatch, call?: ScoreCall): Promise<ScoredRows>
  /** Frees the model. Call it once, when nothing is being scored any more. */
  release(): Promise<void>
}

/** Exact explanations of a model whose insides are known. It gives way to other work between rows. */
export interface ModelExplainer {
  /** Undefined when the output is not a score that it can follow. */
  explain(batch: RowBatch, asked: ExplainAsked): Promise<ExplainedRows | undefined>
  /** Values beside the places where the answer may change, by the field's place in the signature. */
  candidates(): ReadonlyMap<number, readonly (number | string)[]>
  /** Names of the classes, where the model has them. */
  readonly classes: readonly (string | number)[] | undefined
}

export interface ExplainAsked {
  readonly output: string
  /** For each row, which value of the output. */
  readonly places: readonly number[]
  /** Rows to compare with; undefined: what the model itself tells of its training data. */
  readonly background: RowBatch | undefined
  /** In the time of `performance.now()`; fails with `timed_out` after it. */
  readonly deadlineAt?: number | undefined
}

/** Contributions to raw scores: `base[row] + Σ contributions of the row = raw[row]`. */
export interface ExplainedRows {
  readonly method: 'tree_shap' | 'interventional_tree_shap' | 'linear_shap'
  /** What raw scores are: of classifiers before their link, of others the output itself. */
  readonly scale: 'log_odds' | 'class_score' | 'output'
  /** What the rows were compared with. */
  readonly comparedWith: 'training_data' | 'examples' | 'usual_row'
  readonly base: Float64Array
  readonly raw: Float64Array
  /** `rows × fields of the signature`, row by row. */
  readonly contributions: Float64Array
  /** By row: how far the sum is from the raw score. */
  readonly additivityErrors: Float64Array
}

/**
 * What stands under `predictions`: the values of one output, a list of records, or a list of values per column. Each
 * column has the name that is shown and the output that it comes from.
 */
export interface AnswerForm {
  readonly form: 'values' | 'records' | 'columns'
  readonly columns: readonly (readonly [shown: string, output: string])[]
}

/**
 * Rows by field, in the order of the signature's inputs: fields that are not text in `numbers`, one after the other, each
 * a block of `rows * width` values, row by row (NaN is missing, booleans are 0 and 1, datetimes epoch milliseconds); text
 * fields in `texts`, `rows * width` each ('' is missing).
 */
export interface RowBatch {
  readonly rows: number
  readonly numbers: Float64Array
  readonly texts: readonly (readonly string[])[]
  /** Values per row of each field in `numbers`; left out when all have one. */
  readonly widths?: readonly number[] | undefined
  /** The exact values of `long` fields that hold more than 2^53, by the field's place among those in `numbers`. */
  readonly longs?: ReadonlyMap<number, BigInt64Array> | undefined
}

/** One entry per output of the loaded model, in its order. */
export interface ScoredRows {
  readonly rows: number
  /** What the model alone took, where the runtime knows: the way there and back is not in it. */
  readonly computeMs?: number | undefined
  readonly outputs: readonly OutputColumn[]
}

/** Row `r` has the values from `r * width` to `(r + 1) * width`. */
export interface OutputColumn {
  readonly width: number
  readonly values: Float64Array | Float32Array | BigInt64Array | readonly string[]
}
