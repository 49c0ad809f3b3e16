import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from '#platform/tables/frame'
import { fitModel, scoreModel } from '#lifecycle/training/index'
import type { FeatureSpec } from '#lifecycle/training/index'
import { frameOf, labelsOf, logLossOf, plantedFeatures, plantedFrame } from '../planted.fixture.ts'
import { logisticRegression } from './logistic-regression.ts'
import { ridgeRegression } from './ridge-regression.ts'

/** Spector and Mazzeo (1980), as printed in Greene, Econometric Analysis: GPA, TUCE, PSI, GRADE. */
const grades = [
  [2.66, 20, 0, 0],
  [2.89, 22, 0, 0],
  [3.28, 24, 0, 0],
  [2.92, 12, 0, 0],
  [4, 21, 0, 1],
  [2.86, 17, 0, 0],
  [2.76, 17, 0, 0],
  [2.87, 21, 0, 0],
  [3.03, 25, 0, 0],
  [3.92, 29, 0, 1],
  [2.63, 20, 0, 0],
  [3.32, 23, 0, 0],
  [3.57, 23, 0, 0],
  [3.26, 25, 0, 1],
  [3.53, 26, 0, 0],
  [2.74, 19, 0, 0],
  [2.75, 25, 0, 0],
  [2.83, 19, 0, 0],
  [3.12, 23, 1, 0],
  [3.16, 25, 1, 1],
  [2.06, 22, 1, 0],
  [3.62, 28, 1, 1],
  [2.89, 14, 1, 0],
  [3.51, 26, 1, 0],
  [3.54, 24, 1, 1],
  [2.83, 27, 1, 1],
  [3.39, 17, 1, 1],
  [2.67, 24, 1, 0],
  [3.65, 21, 1, 1],
  [4, 23, 1, 1],
  [3.1, 21, 1, 0],
  [2.39, 19, 1, 1],
] as const

const gradeFrame = frameOf({
  gpa: grades.map((row) => row[0]),
  tuce: grades.map((row) => row[1]),
  psi: grades.map((row) => row[2]),
  grade: grades.map((row) => row[3]),
})

const numbers = (...names: string[]): FeatureSpec[] => names.map((name) => ({ name, kind: 'number' }))

function fitGrades(l2: number) {
  return fitModel(logisticRegression, {
    frame: gradeFrame,
    label: 'grade',
    features: numbers('gpa', 'tuce', 'psi'),
    task: 'binary',
    parameters: { l2 },
    seed: 0,
  })
}

function logitAt(cells: Record<string, number[]>): number {
  const [probability] = scoreModel(logisticRegression, fitGrades(0), frameOf(cells))
  return Math.log((probability as number) / (1 - (probability as number)))
}

test('logistic regression without penalty gives the coefficients that Greene prints', () => {
  const zero = logitAt({ gpa: [0], tuce: [0], psi: [0] })
  assert.ok(Math.abs(zero - -13.0213) < 1e-3, `${zero}`)
  assert.ok(Math.abs(logitAt({ gpa: [1], tuce: [0], psi: [0] }) - zero - 2.82611) < 1e-3)
  assert.ok(Math.abs(logitAt({ gpa: [0], tuce: [1], psi: [0] }) - zero - 0.09516) < 1e-3)
  assert.ok(Math.abs(logitAt({ gpa: [0], tuce: [0], psi: [1] }) - zero - 2.37869) < 1e-3)
  const likelihood =
    -32 * logLossOf(labelsOf(gradeFrame, 'grade'), scoreModel(logisticRegression, fitGrades(0), gradeFrame))
  assert.ok(Math.abs(likelihood - -12.88963) < 1e-4, `${likelihood}`)
})

test('logistic regression with penalty agrees with scikit-learn', () => {
  // LogisticRegression(C=1) of scikit-learn 1.9 on standardised columns.
  const scores = scoreModel(logisticRegression, fitGrades(1), gradeFrame)
  for (const [i, expected] of [0.05458193, 0.10045822, 0.23292078].entries())
    assert.ok(Math.abs((scores[i] as number) - expected) < 1e-5, `${scores[i]} and ${expected}`)
})

/** Longley (1967), the NIST reference data set of higher difficulty. */
const longley = [
  [60323, 83, 234289, 2356, 1590, 107608, 1947],
  [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
  [60171, 88.2, 258054, 3682, 1616, 109773, 1949],
  [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
  [63221, 96.2, 328975, 2099, 3099, 112075, 1951],
  [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
  [64989, 99, 365385, 1870, 3547, 115094, 1953],
  [63761, 100, 363112, 3578, 3350, 116219, 1954],
  [66019, 101.2, 397469, 2904, 3048, 117388, 1955],
  [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
  [68169, 108.4, 442769, 2936, 2798, 120445, 1957],
  [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
  [68655, 112.6, 482704, 3813, 2552, 123366, 1959],
  [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
  [69331, 115.7, 518173, 4806, 2572, 127852, 1961],
  [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
] as const

const longleyColumns = ['employed', 'deflator', 'gnp', 'unemployed', 'forces', 'population', 'year']

function longleyFrame(): Frame {
  return frameOf(
    Object.fromEntries(longleyColumns.map((name, j) => [name, longley.map((row) => row[j] as number)])),
  )
}

test('ridge regression without penalty meets the residuals that NIST certifies for Longley', () => {
  const frame = longleyFrame()
  const model = fitModel(ridgeRegression, {
    frame,
    label: 'employed',
    features: numbers(...longleyColumns.slice(1)),
    task: 'regression',
    parameters: { l2: 0 },
    seed: 0,
  })
  const scores = scoreModel(ridgeRegression, model, frame)
  const residuals = labelsOf(frame, 'employed').reduce(
    (sum, label, i) => sum + (label - (scores[i] as number)) ** 2,
    0,
  )
  assert.ok(Math.abs(residuals / 836424.055505915 - 1) < 1e-4, `sum of squared residuals ${residuals}`)
})

test('ridge regression shrinks towards the mean as its closed form says', () => {
  const frame = frameOf({ x: [-1, 1], y: [0, 4] })
  const request = { frame, label: 'y', features: numbers('x'), task: 'regression', seed: 0 } as const
  for (const l2 of [0, 1, 2, 6]) {
    const model = fitModel(ridgeRegression, { ...request, parameters: { l2 } })
    // One standardised column: the slope is x·y / (x·x + l2) = 4 / (2 + l2).
    const scores = Array.from(
      scoreModel(ridgeRegression, model, frame),
      (score) => Math.round(score * 1e6) / 1e6,
    )
    assert.deepEqual(
      scores,
      [2 - 4 / (2 + l2), 2 + 4 / (2 + l2)].map((score) => Math.round(score * 1e6) / 1e6),
    )
  }
})

test('a weight of two is the row twice', () => {
  const frame = frameOf({ x: [1, 2, 3, 4], y: [1, 3, 2, 5], w: [2, 1, 0, 1] })
  const copied = frameOf({ x: [1, 1, 2, 4], y: [1, 1, 3, 5] })
  const request = {
    label: 'y',
    features: numbers('x'),
    task: 'regression',
    seed: 0,
    parameters: { l2: 0 },
  } as const
  const weighted = fitModel(ridgeRegression, { ...request, frame, weight: 'w' })
  const repeated = fitModel(ridgeRegression, { ...request, frame: copied })
  const probe = frameOf({ x: [0, 10] })
  const a = scoreModel(ridgeRegression, weighted, probe)
  const b = scoreModel(ridgeRegression, repeated, probe)
  for (const [i, score] of a.entries()) assert.ok(Math.abs(score - (b[i] as number)) < 1e-6)
})

test('rare and unknown levels count as no level at all, and missing text as a level of its own', () => {
  const shop = ['a', 'a', 'a', 'b', 'b', 'b', 'rare', '', '', '']
  const frame = frameOf({ shop, y: [1, 1, 1, 3, 3, 3, 9, 5, 5, 5] })
  const model = fitModel(ridgeRegression, {
    frame,
    label: 'y',
    features: [{ name: 'shop', kind: 'category' }],
    task: 'regression',
    parameters: { l2: 0.001, min_category_rows: 2 },
    seed: 0,
  })
  const probe = frameOf({ shop: ['a', 'b', '', 'rare', 'unknown'] })
  const [a, b, missing, rare, unknown] = scoreModel(ridgeRegression, model, probe)
  assert.ok(Math.abs((a as number) - 1) < 0.01 && Math.abs((b as number) - 3) < 0.01)
  assert.ok(Math.abs((missing as number) - 5) < 0.01)
  assert.equal(rare, unknown)
})

test('converges in a few steps on rows with categories, numbers and missing values', () => {
  const model = fitModel(logisticRegression, {
    frame: plantedFrame(3000, 1),
    label: 'late',
    features: plantedFeatures,
    task: 'binary',
    parameters: {},
    seed: 0,
  })
  assert.ok(model.history.length <= 8, `${model.history.length} steps`)
  assert.deepEqual(model.warnings, [])
})

test('says so when it had to stop before it converged', () => {
  const model = fitModel(logisticRegression, {
    frame: plantedFrame(3000, 1),
    label: 'late',
    features: plantedFeatures,
    task: 'binary',
    parameters: { max_iterations: 1 },
    seed: 0,
  })
  assert.match(model.warnings.join(), /before it converged; raise max_iterations/)
})
