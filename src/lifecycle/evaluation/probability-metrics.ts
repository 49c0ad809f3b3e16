import { quantileEnds } from './calibration.ts'
import { intervalOf, normalBounds, unitRange } from './interval.ts'
import { type Metric, meanMetric, standardError, totalWeight } from './metric.ts'
import { type ScoredRows, weightAt } from './scored-rows.ts'

/**
 * Mean of -ln of the probability given to what happened; probabilities are clipped at machine epsilon, as
 * scikit-learn does.
 */
export const logLoss: Metric = meanMetric({
  name: 'log_loss',
  higherIsBetter: false,
  needsProbabilities: true,
  range: { low: 0, high: Infinity },
  perRow: (label, score) => -Math.log(Math.max(Number.EPSILON, label === 1 ? score : 1 - score)),
})

export const brierScore: Metric = meanMetric({
  name: 'brier_score',
  higherIsBetter: false,
  needsProbabilities: true,
  range: unitRange,
  perRow: (label, score) => (score - label) ** 2,
})

/** Mean score minus observed rate: above zero the model promises too much. */
export const calibrationGap: Metric = meanMetric({
  name: 'calibration_gap',
  higherIsBetter: null,
  needsProbabilities: true,
  range: { low: -1, high: 1 },
  perRow: (label, score) => score - label,
})

/**
 * Mean over bins of |mean score - observed rate| (Naeini, Cooper and Hauskrecht, AAAI 2015), with bins of
 * equal row counts. The estimate leans upwards on few rows, because noise has no sign here; the interval
 * treats the bins as fixed.
 */
export const expectedCalibrationError: Metric = {
  name: 'expected_calibration_error',
  higherIsBetter: false,
  needsProbabilities: true,
  value: (rows, { bins }) => {
    let sum = 0
    forEachBin(rows, bins, (_start, _end, gap) => {
      sum += Math.abs(gap)
    })
    return sum / totalWeight(rows)
  },
  influence: (rows, value, { bins }) => {
    const result = new Float64Array(rows.n)
    const total = totalWeight(rows)
    forEachBin(rows, bins, (start, end, gap) => {
      const sign = Math.sign(gap)
      for (let position = start; position < end; position += 1) {
        const rowGap = (rows.scores[position] as number) - (rows.labels[position] as number)
        result[position] = (weightAt(rows, position) * (sign * rowGap - value)) / total
      }
    })
    return result
  },
  interval: (rows, value, options) =>
    intervalOf(
      normalBounds(value, standardError(expectedCalibrationError.influence(rows, value, options)), unitRange),
      'infinitesimal jackknife, bins fixed',
    ),
}

type VisitBin = (start: number, end: number, gap: number) => void

function forEachBin(rows: ScoredRows, bins: number, visit: VisitBin): void {
  let start = 0
  for (const end of quantileEnds(rows, bins)) {
    let gap = 0
    for (let position = start; position < end; position += 1) {
      gap +=
        weightAt(rows, position) * ((rows.scores[position] as number) - (rows.labels[position] as number))
    }
    visit(start, end, gap)
    start = end
  }
}
