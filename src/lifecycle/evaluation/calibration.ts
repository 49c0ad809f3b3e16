import type { CalibrationBin } from './contract.ts'
import { intervalOf, wilsonBounds } from './interval.ts'
import { endOfTie, type ScoredRows, weightAt } from './scored-rows.ts'

/**
 * Ends of bins that hold equal numbers of rows, equal scores kept together: the edges of
 * `sklearn.calibration.calibration_curve(strategy='quantile')`. Fewer bins where scores repeat.
 */
export function quantileEnds(rows: ScoredRows, bins: number): readonly number[] {
  const ends: number[] = []
  for (let bin = 1; bin <= bins; bin += 1) {
    const last = Math.floor(((rows.n - 1) * bin) / bins)
    const end = endOfTie(rows.scores, last)
    if (end > (ends.at(-1) ?? 0)) ends.push(end)
  }
  return ends
}

/** What was promised and what happened, bin by bin, with Wilson's interval of the observed rate. */
export function calibrationTable(rows: ScoredRows, bins: number): readonly CalibrationBin[] {
  if (rows.n === 0) return []
  const table: CalibrationBin[] = []
  let start = 0
  for (const end of quantileEnds(rows, bins)) {
    table.push(calibrationBin(rows, start, end))
    start = end
  }
  return table
}

function calibrationBin(rows: ScoredRows, start: number, end: number): CalibrationBin {
  let weight = 0
  let squaredWeight = 0
  let score = 0
  let positive = 0
  for (let position = start; position < end; position += 1) {
    const rowWeight = weightAt(rows, position)
    weight += rowWeight
    squaredWeight += rowWeight * rowWeight
    score += rowWeight * (rows.scores[position] as number)
    positive += rowWeight * (rows.labels[position] as number)
  }
  const observedRate = Math.min(1, positive / weight)
  return {
    n: end - start,
    lowestScore: rows.scores[start] as number,
    highestScore: rows.scores[end - 1] as number,
    meanScore: score / weight,
    observedRate,
    interval: intervalOf(wilsonBounds(observedRate, (weight * weight) / squaredWeight), 'Wilson'),
  }
}
