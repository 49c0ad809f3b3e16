import type { ScoredInput } from './scored-rows.ts'

/**
 * Rows for tests that any language can make again: `u(n, a, o)[i]` is the fractional part of (i + 1) a + o.
 * The expected numbers in the tests come from scikit-learn 1.9.1, SciPy 1.17.1 or the quoted formula in
 * NumPy, on exactly these rows.
 */
function fractions(count: number, step = 0.6180339887498949, offset = 0): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => {
    const value = (index + 1) * step + offset
    return value - Math.floor(value)
  })
}

/** Scores that promise too much: the true rate is score^1.5. */
export function overconfidentRows(count: number): {
  task: 'binary'
  labels: Float64Array
  scores: Float64Array
} {
  const scores = fractions(count)
  const labels = fractions(count, 0.41421356237309515).map((draw, row) =>
    draw < (scores[row] ?? 0) ** 1.5 ? 1 : 0,
  )
  return { task: 'binary', labels, scores }
}

/** 400 rows with only 19 different scores. */
export function tiedRows(): { task: 'binary'; labels: Float64Array; scores: Float64Array } {
  const rows = overconfidentRows(400)
  const scores = rows.scores.map((score) => Math.min(0.95, Math.max(0.05, Math.round(score * 20) / 20)))
  return { ...rows, scores }
}

export function tiedRowWeights(): Float64Array {
  return fractions(400, undefined, 0.3).map((value) => 0.5 + value * 2)
}

/** The labels and scores of 400 rows, and the same scores with noise mixed in. */
export function rivalScores(): { labels: Float64Array; candidate: Float64Array; reference: Float64Array } {
  const { labels, scores } = overconfidentRows(400)
  const noise = fractions(400, 0.7548776662466927)
  return {
    labels,
    candidate: scores,
    reference: scores.map((score, row) => 0.6 * score + 0.4 * (noise[row] ?? 0)),
  }
}

export function regressionRows(): ScoredInput & { readonly labels: Float64Array } {
  const noise = fractions(300, 0.41421356237309515)
  return {
    task: 'regression',
    labels: fractions(300).map((value, row) => 10 * value - 3 + 2 * (noise[row] ?? 0)),
    scores: fractions(300).map((value) => 9.5 * value - 2.5),
  }
}
