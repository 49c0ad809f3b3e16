import * as z from 'zod'
import type { Fit, FitInput, Trainer } from '#lifecycle/training/index'
import { buildMatrix, fitTerms } from './design.ts'
import { linearGraph, linearImportance, scoreLinear } from './linear-model.ts'
import type { LinearModel } from './linear-model.ts'
import { linearParameters } from './logistic-regression.ts'
import { minimise } from './newton.ts'
import type { RowLoss } from './newton.ts'
import { mergeRows } from './weighted-rows.ts'
import type { WeightedRows } from './weighted-rows.ts'

const parameters = z.strictObject(linearParameters)

type Parameters = z.infer<typeof parameters>

export const ridgeRegression: Trainer<Parameters, LinearModel> = {
  name: 'ridge-regression',
  summary: 'Linear regression with L2 penalty on standardised numbers and one-hot categories',
  tasks: ['regression'],
  parameters,
  foreignNames: { alpha: 'l2', lambda: 'l2' },
  fit,
  score: scoreLinear,
  toGraph: linearGraph,
}

/** The loss is a parabola, so Newton's first step solves the normal equations; a second one takes rounding away. */
function fit({ task, table, parameters }: FitInput<Parameters>): Fit<LinearModel> {
  const terms = fitTerms(table, {
    maxCategories: parameters.max_categories,
    minRows: parameters.min_category_rows,
  })
  const rows = mergeRows(table)
  const result = minimise(buildMatrix(terms, rows), squaredError(rows), {
    l2: parameters.l2,
    maxIterations: 10,
    tolerance: 1e-10,
    forcing: 1e-10,
    intercept: rows.totalLabel / rows.totalWeight,
  })
  const state = { task, terms, weights: result.weights }
  return { state, history: [], importance: linearImportance(state, rows) }
}

/** Around each row's mean label; what is left out does not depend on the scores. */
function squaredError({ labels, weights }: WeightedRows): RowLoss {
  return {
    total(scores) {
      let sum = 0
      for (let i = 0; i < scores.length; i++) {
        const weight = weights[i] as number
        if (weight > 0) sum += (weight / 2) * ((scores[i] as number) - (labels[i] as number) / weight) ** 2
      }
      return sum
    },
    derivatives(scores, first, second) {
      for (let i = 0; i < scores.length; i++) {
        first[i] = (weights[i] as number) * (scores[i] as number) - (labels[i] as number)
        second[i] = weights[i] as number
      }
    },
  }
}
