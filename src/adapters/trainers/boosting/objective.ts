import type { Task } from '#lifecycle/training/index'
import type { LabelledRows } from './binned-rows.ts'

/** The loss that trees lower step by step, on rows that may each stand for several. */
export interface Objective {
  /** `log_loss` or `rmse`. */
  readonly metric: string
  /** The best constant score. */
  baseScore(rows: LabelledRows): number
  /** Writes gradient and hessian of every row's loss, interleaved. */
  gradients(rows: LabelledRows, scores: Float64Array, pairs: Float64Array): void
  /** The weighted mean loss, as the metric is usually stated. */
  loss(rows: LabelledRows, scores: Float64Array): number
}

export function objectiveOf(task: Task): Objective {
  return task === 'binary' ? logLoss : squaredError
}

const logLoss: Objective = {
  metric: 'log_loss',
  baseScore(rows) {
    const share = sumOf(rows.labels) / sumOf(rows.weights)
    return Math.log(share / (1 - share))
  },
  gradients({ rows, weights, labels }, scores, pairs) {
    for (let row = 0; row < rows; row++) {
      const weight = weights[row] as number
      const probability = 1 / (1 + Math.exp(-(scores[row] as number)))
      pairs[2 * row] = weight * probability - (labels[row] as number)
      pairs[2 * row + 1] = weight * probability * (1 - probability)
    }
  },
  loss({ rows, weights, labels }, scores) {
    let sum = 0
    for (let row = 0; row < rows; row++) {
      const score = scores[row] as number
      const weight = weights[row] as number
      // -log p = log(1 + exp(-s)), and -log(1 - p) is larger by s; written so that no exponential overflows.
      const positive = Math.log1p(Math.exp(-Math.abs(score))) + Math.max(-score, 0)
      sum += weight * positive + (weight - (labels[row] as number)) * score
    }
    return sum / sumOf(weights)
  },
}

const squaredError: Objective = {
  metric: 'rmse',
  baseScore: (rows) => sumOf(rows.labels) / sumOf(rows.weights),
  gradients({ rows, weights, labels }, scores, pairs) {
    for (let row = 0; row < rows; row++) {
      const weight = weights[row] as number
      pairs[2 * row] = weight * (scores[row] as number) - (labels[row] as number)
      pairs[2 * row + 1] = weight
    }
  },
  loss({ rows, weights, labels, squares }, scores) {
    let sum = 0
    for (let row = 0; row < rows; row++) {
      const score = scores[row] as number
      sum +=
        (weights[row] as number) * score * score -
        2 * score * (labels[row] as number) +
        (squares[row] as number)
    }
    return Math.sqrt(Math.max(sum, 0) / sumOf(weights))
  },
}

function sumOf(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
