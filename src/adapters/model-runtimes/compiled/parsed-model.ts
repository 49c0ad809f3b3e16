/**
 * A small model read out of its ONNX graph, as plain data: raw columns become a matrix of numbers, a predictor (trees or
 * a linear form) makes raw scores of it, and the graph's outputs are those scores, bent by a link. It can be sent to
 * another thread, and everything that scores or explains a model without onnxruntime works on it.
 *
 * Shapes: a batch has `rows` rows; the matrix is `rows × columns.length`, row by row; raw scores are
 * `rows × predictor.targets`, row by row.
 */
export interface ParsedModel {
  /** The signature's inputs that the graph reads, by name and their place in the signature. */
  readonly inputs: readonly ParsedInput[]
  /** Columns of the matrix that the predictor reads. */
  readonly columns: readonly MatrixColumn[]
  readonly predictor: Predictor
  /** Labels in the order of the classes, where the graph's predictor names them. */
  readonly classes: readonly (string | number)[] | undefined
  /** The graph's outputs that are scores of the predictor, value by value. Labels and the like are left out. */
  readonly scores: readonly ScoreOutput[]
  /** The whole graph as steps; `prepareRows` and `createCompiledScorer` run them. */
  readonly program: Program
}

export interface ParsedInput {
  readonly name: string
  readonly kind: 'number' | 'text'
  /** Its place in the signature. */
  readonly field: number
}

export interface MatrixColumn {
  /** The raw column's name; of a category's own column, `origin=ATL`; computed ones carry what they come from. */
  readonly name: string
  /** Places in `ParsedModel.inputs` of every raw column that it depends on: one, but for computed features. */
  readonly inputs: readonly number[]
}

export type Predictor = TreePredictor | LinearPredictor

/**
 * Trees as columns over all nodes of all trees. A branch asks about one column of the matrix and goes to `yes` or `no`
 * (numbers of nodes); a leaf has `feature` -1 and adds its weights to the raw scores.
 */
export interface TreePredictor {
  readonly kind: 'trees'
  readonly targets: number
  /** The first node of each tree. */
  readonly roots: Int32Array
  readonly feature: Int32Array
  /** One of `branchModes` by number. */
  readonly mode: Uint8Array
  /** Values of 32 bits, but for graphs whose thresholds are doubles. */
  readonly threshold: Float32Array | Float64Array
  readonly yes: Int32Array
  readonly no: Int32Array
  /** 1: a missing value (NaN) goes to `yes` whatever the test says. */
  readonly missingGoesYes: Uint8Array
  /** Of nodes that ask "is it one of these": their values stand from `memberStart[i]` to `memberStart[i + 1]`. */
  readonly memberStart: Int32Array
  readonly members: Float32Array | Float64Array
  /** Weights of leaf `i`: entries `leafStart[i]` to `leafStart[i + 1]` of the next two. */
  readonly leafStart: Int32Array
  readonly leafTarget: Int32Array
  readonly leafWeight: Float32Array | Float64Array
  /** How many training rows passed each node (`nodes_hitrates`), where the graph says so. */
  readonly cover: Float64Array | undefined
  /** How the leaves of all trees make one raw score. `average` divides the sum by the number of trees. */
  readonly aggregate: 'sum' | 'average' | 'min' | 'max'
  /** By target; added to the raw score. */
  readonly base: Float64Array
}

/** The test is "column <mode> threshold"; `member` asks whether it equals one of its values. Numbers as TreeEnsemble has them. */
export const branchModes = ['<=', '<', '>=', '>', '==', '!=', 'member'] as const
export const memberMode = 6

/** Raw score of target `t`: `base[t] + Σ matrix[c] * coefficients[t * columns + c]`. */
export interface LinearPredictor {
  readonly kind: 'linear'
  readonly targets: number
  readonly coefficients: Float64Array
  readonly base: Float64Array
}

/**
 * `logistic`: 1 / (1 + e^-s). `softmax`: over all targets of a row. `softmax_zero`: the same, but scores of 0 stay 0.
 */
export type Link = 'identity' | 'logistic' | 'softmax' | 'softmax_zero'

export interface ScoreOutput {
  /** Name of the graph's output. */
  readonly name: string
  /** By value of a row, in order. */
  readonly values: readonly ScoreValue[]
}

/** One value of an output: `link(raw[target] + offset)`; of the class that has no score of its own, the complement. */
export interface ScoreValue {
  readonly target: number
  readonly offset: number
  readonly link: Link
  /** `one_minus`: 1 - that value. `negated`: of `-raw`. */
  readonly complement: 'none' | 'one_minus' | 'negated'
}

/**
 * Steps over slots, each a matrix of `rows × width`. Numbers of 32 bits are rounded after every step, as a graph of floats
 * rounds them; every other type is held as doubles, which are exact for what graphs of tables hold.
 */
export interface Program {
  readonly slots: readonly Slot[]
  readonly steps: readonly Step[]
  /** Where the raw columns of the batch go. */
  readonly loads: readonly Load[]
  /** The slot that holds the predictor's matrix, and the step that reads it. */
  readonly matrix: number
  readonly predictorStep: number
  /** In the order of the signature's outputs. */
  readonly outputs: readonly { readonly name: string; readonly slot: number }[]
}

export type SlotType = 'float' | 'double' | 'long' | 'boolean' | 'text'

export interface Slot {
  readonly type: SlotType
  readonly width: number
  /** A value of the graph that no row changes: one row. */
  readonly constant?: Float64Array | readonly string[] | undefined
}

/** Columns of the batch, by their place among its numbers or its texts, side by side into one slot. */
export interface Load {
  readonly slot: number
  readonly kind: 'number' | 'text'
  readonly places: readonly number[]
}

export type UnaryOperation =
  | 'sigmoid'
  | 'negate'
  | 'absolute'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'reciprocal'
  | 'relu'
  | 'not'
  | 'is_nan'
  | 'copy'
  | 'truncate'
  | 'is_set'

export type BinaryOperation =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'greater'
  | 'greater_or_equal'
  | 'less'
  | 'less_or_equal'
  | 'and'
  | 'or'

export type Step =
  | { readonly kind: 'pick'; readonly from: number; readonly to: number; readonly columns: Int32Array }
  | { readonly kind: 'join'; readonly from: readonly number[]; readonly to: number }
  | {
      readonly kind: 'unary'
      readonly operation: UnaryOperation
      readonly from: number
      readonly to: number
    }
  | {
      readonly kind: 'binary'
      readonly operation: BinaryOperation
      readonly left: number
      readonly right: number
      readonly to: number
    }
  | {
      readonly kind: 'choose'
      readonly condition: number
      readonly yes: number
      readonly no: number
      readonly to: number
    }
  /** `(x - offset) * scale`, by column. */
  | {
      readonly kind: 'scale'
      readonly from: number
      readonly to: number
      readonly offset: Float64Array
      readonly scale: Float64Array
    }
  | {
      readonly kind: 'impute'
      readonly from: number
      readonly to: number
      readonly missing: number
      readonly values: Float64Array
    }
  | {
      readonly kind: 'encode'
      readonly from: number
      readonly to: number
      readonly keys: Float64Array | readonly string[]
      readonly values: Float64Array | readonly string[]
      readonly otherwise: number | string
    }
  | {
      readonly kind: 'one_hot'
      readonly from: number
      readonly to: number
      readonly keys: Float64Array | readonly string[]
    }
  /** `table[x]`; below zero counts from the end. */
  | { readonly kind: 'look_up'; readonly from: number; readonly to: number; readonly table: Float64Array }
  /** `shares`: each number by the sum of the row's absolute ones. */
  | {
      readonly kind: 'sum_columns' | 'largest_column' | 'softmax' | 'shares'
      readonly from: number
      readonly to: number
    }
  | {
      readonly kind: 'linear'
      readonly from: number
      readonly to: number
      readonly predictor: LinearPredictor
    }
  | { readonly kind: 'trees'; readonly from: number; readonly to: number; readonly predictor: TreePredictor }
  /** Raw scores to what a classifier or regressor of `ai.onnx.ml` gives. */
  | {
      readonly kind: 'finish'
      readonly from: number
      readonly to: number
      readonly values: readonly ScoreValue[]
    }
  /** The class of each row: the one with the largest raw score, or by whether the only score is above `above`. */
  | {
      readonly kind: 'classify'
      readonly from: number
      readonly to: number
      readonly above: number | undefined
      readonly labels: Float64Array | readonly string[]
    }
