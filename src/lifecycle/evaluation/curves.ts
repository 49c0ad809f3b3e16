import type { Curves } from './contract.ts'
import { classWeights, forEachTie } from './ranking-metrics.ts'
import type { ScoredRows } from './scored-rows.ts'

/**
 * ROC and precision-recall curves, thinned for plotting: both keep their ends and at most `maximumPoints`
 * thresholds, spread evenly over what is passed on the way. Undefined for one class.
 */
export function curvesOf(rows: ScoredRows, maximumPoints = 200): Curves | undefined {
  const totals = classWeights(rows)
  if (typeof totals === 'string') return undefined
  const roc: [number, number][] = []
  const precisionRecall: [number, number][] = []
  // Three points are the two ends and the highest threshold; the length of both axes together is 2.
  const spacing = rows.n < maximumPoints ? 0 : 2 / (maximumPoints - 3)
  let lastLength = Infinity
  // Ties come lowest score first, so the curves are built backwards from "everything is positive".
  forEachTie(rows, (tie) => {
    const truePositive = totals.positive - tie.positiveBelow
    const falsePositive = totals.negative - tie.negativeBelow
    const recall = truePositive / totals.positive
    const falseRate = falsePositive / totals.negative
    if (lastLength - recall - falseRate < spacing && tie.end < rows.n) return
    roc.push([falseRate, recall])
    precisionRecall.push([recall, truePositive / (truePositive + falsePositive)])
    lastLength = recall + falseRate
  })
  roc.push([0, 0])
  // The end at no recall has no precision of its own; scikit-learn also draws it at 1.
  precisionRecall.push([0, 1])
  return { roc: roc.reverse(), precisionRecall: precisionRecall.reverse() }
}
