import { intervalOf, normalBounds } from './interval.ts'
import { type Metric, meanMetric, standardError, totalWeight } from './metric.ts'
import { type ScoredRows, weightAt } from './scored-rows.ts'

const notNegative = { low: 0, high: Infinity }

const meanSquaredError: Metric = meanMetric({
  name: 'rmse',
  higherIsBetter: false,
  needsProbabilities: false,
  range: notNegative,
  perRow: (label, score) => (score - label) ** 2,
})

/** Root of the mean squared error; so is its interval. */
export const rmse: Metric = {
  name: 'rmse',
  higherIsBetter: false,
  needsProbabilities: false,
  value: (rows, options) => Math.sqrt(meanSquaredError.value(rows, options) as number),
  influence: (rows, value, options) => {
    const slope = value === 0 ? 0 : 1 / (2 * value)
    return meanSquaredError.influence(rows, value * value, options).map((influence) => slope * influence)
  },
  interval: (rows, value, options) => {
    const { low, high } = meanSquaredError.interval(rows, value * value, options)
    return intervalOf(
      { low: Math.sqrt(low), high: Math.sqrt(high) },
      'root of the normal interval of the mean squared error',
    )
  },
}

export const mae: Metric = meanMetric({
  name: 'mae',
  higherIsBetter: false,
  needsProbabilities: false,
  range: notNegative,
  perRow: (label, score) => Math.abs(score - label),
})

/** Mean of prediction minus label: above zero the model predicts too much. */
export const meanError: Metric = meanMetric({
  name: 'mean_error',
  higherIsBetter: null,
  needsProbabilities: false,
  perRow: (label, score) => score - label,
})

/**
 * 1 - squared errors / squared deviations from the mean label. Undefined for a constant label, where
 * scikit-learn forces 0 or 1.
 */
export const r2: Metric = {
  name: 'r2',
  higherIsBetter: true,
  needsProbabilities: false,
  value: (rows) => {
    const { errors, deviations } = squares(rows)
    return deviations === 0 ? 'all labels are the same' : 1 - errors / deviations
  },
  influence: (rows) => {
    const { errors, deviations, mean } = squares(rows)
    const result = new Float64Array(rows.n)
    for (let position = 0; position < rows.n; position += 1) {
      const label = rows.labels[position] as number
      const error = (label - (rows.scores[position] as number)) ** 2
      const deviation = (label - mean) ** 2
      result[position] =
        weightAt(rows, position) * (((errors / deviations) * deviation) / deviations - error / deviations)
    }
    return result
  },
  interval: (rows, value, options) =>
    intervalOf(
      normalBounds(value, standardError(r2.influence(rows, value, options)), { low: -Infinity, high: 1 }),
      'infinitesimal jackknife',
    ),
}

function squares(rows: ScoredRows): { errors: number; deviations: number; mean: number } {
  let labelSum = 0
  for (let position = 0; position < rows.n; position += 1) {
    labelSum += weightAt(rows, position) * (rows.labels[position] as number)
  }
  const mean = labelSum / totalWeight(rows)
  let errors = 0
  let deviations = 0
  for (let position = 0; position < rows.n; position += 1) {
    const label = rows.labels[position] as number
    errors += weightAt(rows, position) * (label - (rows.scores[position] as number)) ** 2
    deviations += weightAt(rows, position) * (label - mean) ** 2
  }
  return { errors, deviations, mean }
}
