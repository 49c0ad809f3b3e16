import type { MetricName } from './contract.ts'
import { intervalOf, wilsonBounds } from './interval.ts'
import type { Metric, MetricOptions } from './metric.ts'
import { positionOf, type ScoredRows, weightAt } from './scored-rows.ts'

/** Weights of the four outcomes at a threshold. */
export interface ConfusionMatrix {
  readonly trueNegative: number
  readonly falseNegative: number
  readonly falsePositive: number
  readonly truePositive: number
}

/** In the order of `2 * predicted + label`. */
type Cells = readonly [
  trueNegative: number,
  falseNegative: number,
  falsePositive: number,
  truePositive: number,
]

export function confusionMatrix(rows: ScoredRows, threshold: number): ConfusionMatrix {
  const [trueNegative, falseNegative, falsePositive, truePositive] = cellWeights(rows, threshold, 1)
  return { trueNegative, falseNegative, falsePositive, truePositive }
}

interface Share {
  readonly name: MetricName
  readonly higherIsBetter: boolean | null
  readonly needsProbabilities: boolean
  /** Which of the four outcomes are counted, and which of these are hits. */
  readonly counted: Cells
  readonly hits: Cells
  readonly whenNothingCounted: string
}

/**
 * A share of the rows that fall in some outcomes, with Wilson's interval; weights enter by Kish's effective
 * count.
 */
function shareMetric({ counted, hits, whenNothingCounted, ...metric }: Share): Metric {
  return {
    ...metric,
    value: (rows, { threshold }) => {
      const weights = cellWeights(rows, threshold, 1)
      const total = dot(weights, counted)
      return total === 0 ? whenNothingCounted : dot(weights, hits) / total
    },
    influence: (rows, value, { threshold }) => {
      const total = dot(cellWeights(rows, threshold, 1), counted)
      const perCell = counted.map((count, cell) => ((hits[cell] ?? 0) - value * count) / total)
      const split = positionOf(rows, threshold)
      const result = new Float64Array(rows.n)
      for (let position = 0; position < rows.n; position += 1) {
        const cell = (position >= split ? 2 : 0) + (rows.labels[position] as number)
        result[position] = weightAt(rows, position) * (perCell[cell] as number)
      }
      return result
    },
    interval: (rows, value, { threshold }) => {
      const total = dot(cellWeights(rows, threshold, 1), counted)
      const squares = dot(cellWeights(rows, threshold, 2), counted)
      return intervalOf(wilsonBounds(value, (total * total) / squares), 'Wilson')
    },
  }
}

export const accuracy: Metric = shareMetric({
  name: 'accuracy',
  higherIsBetter: true,
  needsProbabilities: false,
  counted: [1, 1, 1, 1],
  hits: [1, 0, 0, 1],
  whenNothingCounted: 'there are no rows',
})

export const precision: Metric = shareMetric({
  name: 'precision',
  higherIsBetter: true,
  needsProbabilities: false,
  counted: [0, 0, 1, 1],
  hits: [0, 0, 0, 1],
  whenNothingCounted: 'no row is predicted positive at the threshold',
})

export const recall: Metric = shareMetric({
  name: 'recall',
  higherIsBetter: true,
  needsProbabilities: false,
  counted: [0, 1, 0, 1],
  hits: [0, 0, 0, 1],
  whenNothingCounted: 'no row is positive',
})

/** The label's rate; describes the rows, not the model. */
export const positiveRate: Metric = shareMetric({
  name: 'positive_rate',
  higherIsBetter: null,
  needsProbabilities: false,
  counted: [1, 1, 1, 1],
  hits: [0, 1, 0, 1],
  whenNothingCounted: 'there are no rows',
})

export const predictedPositiveRate: Metric = shareMetric({
  name: 'predicted_positive_rate',
  higherIsBetter: null,
  needsProbabilities: false,
  counted: [1, 1, 1, 1],
  hits: [0, 0, 1, 1],
  whenNothingCounted: 'there are no rows',
})

const jaccard: Metric = shareMetric({
  name: 'f1',
  higherIsBetter: true,
  needsProbabilities: false,
  counted: [0, 1, 1, 1],
  hits: [0, 0, 0, 1],
  whenNothingCounted: 'no row is positive and none is predicted positive',
})

/**
 * F1 is 2J / (1 + J), J the share of true positives among rows that are positive or predicted so. Given that
 * count, J is binomial, so Wilson's interval of J, carried over, is one of F1; unlike resampling it also
 * holds at 0 and 1.
 */
export const f1: Metric = {
  ...jaccard,
  value: (rows, options) => {
    const share = jaccard.value(rows, options)
    return typeof share === 'string' ? share : f1Of(share)
  },
  influence: (rows, value, options) => {
    const share = jaccardOf(value)
    const slope = 2 / (1 + share) ** 2
    return jaccard.influence(rows, share, options).map((influence) => slope * influence)
  },
  interval: (rows, value, options) => {
    const { low, high } = jaccard.interval(rows, jaccardOf(value), options)
    return intervalOf(
      { low: f1Of(low), high: f1Of(high) },
      'Wilson interval of the Jaccard index, carried over',
    )
  },
}

function f1Of(share: number): number {
  return (2 * share) / (1 + share)
}

function jaccardOf(f1Value: number): number {
  return f1Value / (2 - f1Value)
}

function cellWeights(rows: ScoredRows, threshold: MetricOptions['threshold'], power: 1 | 2): Cells {
  const split = positionOf(rows, threshold)
  const cells: [number, number, number, number] = [0, 0, 0, 0]
  for (let position = 0; position < rows.n; position += 1) {
    const cell = (position >= split ? 2 : 0) + (rows.labels[position] as number)
    cells[cell] = (cells[cell] as number) + weightAt(rows, position) ** power
  }
  return cells
}

function dot(left: Cells, right: Cells): number {
  return left[0] * right[0] + left[1] * right[1] + left[2] * right[2] + left[3] * right[3]
}
