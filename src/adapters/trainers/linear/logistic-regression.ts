import * as z from 'zod'
import type { Fit, FitInput, Trainer } from '#lifecycle/training/index'
import { buildMatrix, fitTerms } from './design.ts'
import { linearGraph, linearImportance, scoreLinear } from './linear-model.ts'
import type { LinearModel } from './linear-model.ts'
import { minimise } from './newton.ts'
import type { RowLoss } from './newton.ts'
import { mergeRows } from './weighted-rows.ts'
import type { WeightedRows } from './weighted-rows.ts'

export const linearParameters = {
  l2: z
    .number()
    .min(0)
    .default(1)
    .describe('L2 penalty on the weights of standardised columns (1/C in scikit-learn)'),
  max_categories: z
    .int()
    .min(1)
    .max(100_000)
    .default(255)
    .describe('levels of a category with a weight of their own'),
  min_category_rows: z
    .int()
    .min(1)
    .default(10)
    .describe('rows that a level must have for a weight of its own'),
}

const parameters = z.strictObject({
  ...linearParameters,
  max_iterations: z.int().min(1).max(1000).default(50).describe('Newton steps at most'),
  tolerance: z
    .number()
    .gt(0)
    .max(0.1)
    .default(1e-7)
    .describe('stop when the gradient is this much smaller than at first'),
})

type Parameters = z.infer<typeof parameters>

export const logisticRegression: Trainer<Parameters, LinearModel> = {
  name: 'logistic-regression',
  summary: 'Logistic regression with L2 penalty on standardised numbers and one-hot categories',
  tasks: ['binary'],
  parameters,
  foreignNames: { C: 'l2', max_iter: 'max_iterations', tol: 'tolerance', lambda: 'l2' },
  fit,
  score: scoreLinear,
  toGraph: linearGraph,
}

function fit({ task, table, parameters, onProgress }: FitInput<Parameters>): Fit<LinearModel> {
  const terms = fitTerms(table, {
    maxCategories: parameters.max_categories,
    minRows: parameters.min_category_rows,
  })
  const rows = mergeRows(table)
  const history: { metric: string; step: number; value: number }[] = []
  const result = minimise(buildMatrix(terms, rows), logLoss(rows), {
    l2: parameters.l2,
    maxIterations: parameters.max_iterations,
    tolerance: parameters.tolerance,
    forcing: 0.1,
    intercept: Math.log(rows.totalLabel / (rows.totalWeight - rows.totalLabel)),
    onIteration(iteration, loss) {
      history.push({ metric: 'training_objective', step: iteration, value: loss / rows.totalWeight })
      onProgress?.({
        iteration,
        iterations: parameters.max_iterations,
        metrics: { training_objective: loss / rows.totalWeight },
      })
    },
  })
  const state = { task, terms, weights: result.weights }
  return {
    state,
    history,
    importance: linearImportance(state, rows),
    warnings: result.converged
      ? []
      : [`Stopped after ${result.iterations} steps before it converged; raise max_iterations or l2.`],
  }
}

function logLoss({ labels, weights }: WeightedRows): RowLoss {
  return {
    total(scores) {
      let sum = 0
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i] as number
        // log(1 + exp(s)) - y s, written so that no exponential overflows.
        const softplus = Math.log1p(Math.exp(-Math.abs(score))) + Math.max(score, 0)
        sum += (weights[i] as number) * softplus - (labels[i] as number) * score
      }
      return sum
    },
    derivatives(scores, first, second) {
      for (let i = 0; i < scores.length; i++) {
        const probability = 1 / (1 + Math.exp(-(scores[i] as number)))
        const weight = weights[i] as number
        first[i] = weight * probability - (labels[i] as number)
        second[i] = weight * probability * (1 - probability)
      }
    },
  }
}
