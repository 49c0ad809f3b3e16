import {
  intervalOf,
  logitBounds,
  newcombeAreaBounds,
  normalBounds,
  unitRange,
  wilsonBounds,
} from './interval.ts'
import { type Metric, standardError } from './metric.ts'
import { endOfTie, type ScoredRows, weightAt } from './scored-rows.ts'

/**
 * Area under the ROC curve, ties counted half. Influence and interval after DeLong, DeLong and
 * Clarke-Pearson, Biometrics 44 (1988) 837-845, by ranks in linear time on sorted scores (Sun and Xu, IEEE
 * Signal Processing Letters 21 (2014) 1389-1393).
 */
export const rocAuc: Metric = {
  name: 'roc_auc',
  higherIsBetter: true,
  needsProbabilities: false,
  value: (rows) => {
    const totals = classWeights(rows)
    if (typeof totals === 'string') return totals
    let area = 0
    forEachTie(rows, (tie) => {
      area += tie.positive * (tie.negativeBelow + tie.negative / 2)
    })
    return area / totals.positive / totals.negative
  },
  influence: (rows, area) => {
    const result = new Float64Array(rows.n)
    const totals = classWeights(rows)
    if (typeof totals === 'string') return result
    const nNegative = rows.n - rows.nPositive
    const positiveScale = correction(rows.nPositive) / totals.positive
    const negativeScale = correction(nNegative) / totals.negative
    forEachTie(rows, (tie) => {
      const ofPositive = (tie.negativeBelow + tie.negative / 2) / totals.negative - area
      const ofNegative = (totals.positive - tie.positiveBelow - tie.positive / 2) / totals.positive - area
      for (let position = tie.start; position < tie.end; position += 1) {
        result[position] =
          weightAt(rows, position) *
          (rows.labels[position] === 1 ? positiveScale * ofPositive : negativeScale * ofNegative)
      }
    })
    return result
  },
  interval: (rows, area, options) => {
    const nNegative = rows.n - rows.nPositive
    if (area === 0 || area === 1 || rows.nPositive < 2 || nNegative < 2) {
      return intervalOf(newcombeAreaBounds(area, rows.nPositive, nNegative), 'Newcombe method 5')
    }
    const error = standardError(rocAuc.influence(rows, area, options))
    return intervalOf(normalBounds(area, error, unitRange), 'DeLong')
  },
}

/**
 * Average precision: the sum over thresholds of the recall gained times the precision there, without
 * interpolation. The interval is the infinitesimal jackknife on the logit scale.
 */
export const averagePrecision: Metric = {
  name: 'average_precision',
  higherIsBetter: true,
  needsProbabilities: false,
  value: (rows) => {
    const totals = classWeights(rows)
    if (typeof totals === 'string') return totals
    let sum = 0
    forEachTie(rows, (tie) => {
      const truePositive = totals.positive - tie.positiveBelow
      if (tie.positive > 0)
        sum += (tie.positive * truePositive) / (truePositive + totals.negative - tie.negativeBelow)
    })
    return sum / totals.positive
  },
  influence: (rows, value) => {
    const result = new Float64Array(rows.n)
    const totals = classWeights(rows)
    if (typeof totals === 'string') return result
    // A row counts at all thresholds up to its own score, which are the ties passed so far.
    let gained = 0
    let lost = 0
    forEachTie(rows, (tie) => {
      const truePositive = totals.positive - tie.positiveBelow
      const predicted = truePositive + totals.negative - tie.negativeBelow
      if (predicted > 0) {
        gained += tie.positive / predicted
        lost += (tie.positive * truePositive) / predicted / predicted
      }
      const ofPositive = truePositive / predicted + gained - lost - value
      for (let position = tie.start; position < tie.end; position += 1) {
        const derivative = rows.labels[position] === 1 ? ofPositive : -lost
        result[position] = (weightAt(rows, position) * derivative) / totals.positive
      }
    })
    return result
  },
  interval: (rows, value, options) => {
    const error = standardError(averagePrecision.influence(rows, value, options))
    if (value <= 0 || value >= 1 || error === 0) {
      // Boyd, Eng and Page (2013) take the positives as binomial trials; Wilson's form holds at the ends.
      return intervalOf(wilsonBounds(Math.min(value, 1), rows.nPositive), 'Wilson over the positive rows')
    }
    return intervalOf(logitBounds(value, error), 'infinitesimal jackknife, logit scale')
  },
}

/** Rows with one score, and the class weights strictly below it. */
export interface Tie {
  readonly start: number
  readonly end: number
  readonly positive: number
  readonly negative: number
  readonly positiveBelow: number
  readonly negativeBelow: number
}

/** Visits equal scores together, from the lowest score to the highest. */
export function forEachTie(rows: ScoredRows, visit: (tie: Tie) => void): void {
  let positiveBelow = 0
  let negativeBelow = 0
  for (let start = 0; start < rows.n;) {
    const end = endOfTie(rows.scores, start)
    let positive = 0
    let negative = 0
    for (let position = start; position < end; position += 1) {
      if (rows.labels[position] === 1) positive += weightAt(rows, position)
      else negative += weightAt(rows, position)
    }
    visit({ start, end, positive, negative, positiveBelow, negativeBelow })
    positiveBelow += positive
    negativeBelow += negative
    start = end
  }
}

/** The weight of each class; where one is absent, in words. */
export function classWeights(rows: ScoredRows): { positive: number; negative: number } | string {
  let positive = 0
  let negative = 0
  for (let position = 0; position < rows.n; position += 1) {
    if (rows.labels[position] === 1) positive += weightAt(rows, position)
    else negative += weightAt(rows, position)
  }
  if (positive === 0) return 'all rows are negative'
  if (negative === 0) return 'all rows are positive'
  return { positive, negative }
}

function correction(count: number): number {
  return Math.sqrt(count / Math.max(1, count - 1))
}
