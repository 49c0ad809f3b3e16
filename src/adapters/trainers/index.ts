import type { Trainer } from '#lifecycle/training/index'
import { gradientBoosting } from './boosting/gradient-boosting.ts'
import { majority, mean } from './constant-score.ts'
import { logisticRegression } from './linear/logistic-regression.ts'
import { ridgeRegression } from './linear/ridge-regression.ts'

/** The trainers that come with DevMLOps, in the order in which the documentation lists them. */
export const trainers: readonly Trainer[] = [
  majority,
  mean,
  logisticRegression,
  ridgeRegression,
  gradientBoosting,
]
