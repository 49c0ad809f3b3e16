import assert from 'node:assert/strict'
import { test } from 'node:test'
import { comparePaired, compareIndependent, type ComparisonOptions, type PairedRows } from './comparison.ts'
import { type Comparison, comparisonSchema, metricNamed, type MetricName } from './contract.ts'
import { overconfidentRows, rivalScores } from './example-rows.ts'
import { measure } from './measure.ts'
import { prepareRows } from './scored-rows.ts'

function rivals(): PairedRows {
  const { labels, candidate, reference } = rivalScores()
  return {
    candidate: prepareRows({ task: 'binary', labels, scores: candidate }),
    reference: prepareRows({ task: 'binary', labels, scores: reference }),
  }
}

type Known = Extract<Comparison, { status: 'value' }>

function compare(name: MetricName, options?: ComparisonOptions): Known {
  const comparison = comparePaired(name, rivals(), options)
  assert.ok(comparison.status === 'value', JSON.stringify(comparison))
  return comparison
}

function assertBounds({ interval }: Known, [low, high]: readonly [number, number], tolerance: number): void {
  assert.ok(Math.abs(interval.low - low) < tolerance, `${interval.low} is not ${low}`)
  assert.ok(Math.abs(interval.high - high) < tolerance, `${interval.high} is not ${high}`)
}

test("compares areas under the ROC curve by DeLong's paired variance", () => {
  const comparison = compare('roc_auc')
  assert.equal(comparison.method, 'paired DeLong')
  assert.ok(Math.abs(comparison.difference - 0.06910409979383592) < 1e-12)
  // The covariance of DeLong et al. (1988), written out over all pairs in NumPy.
  assertBounds(comparison, [0.040180146073915686, 0.09802805351375615], 1e-9)
  assert.deepEqual(comparisonSchema.parse(comparison), comparison)
})

test('compares log losses row by row', () => {
  const comparison = compare('log_loss')
  assert.ok(Math.abs(comparison.difference - -0.0850598015793575) < 1e-12)
  assertBounds(comparison, [-0.1151191582976679, -0.05500044486104709], 1e-9)
})

test('agrees with a bootstrap of scikit-learn for average precision', () => {
  // 4,000 resamples in NumPy: difference 0.0978, standard error 0.0249, interval [0.0494, 0.1478].
  assertBounds(compare('average_precision'), [0.0494, 0.1478], 0.004)
  assertBounds(compare('average_precision', { bootstrap: { seed: 1 } }), [0.0494, 0.1478], 0.006)
})

test('bootstraps any metric in pairs to nearly the interval of the closed form', () => {
  for (const name of ['roc_auc', 'log_loss', 'brier_score', 'accuracy', 'f1'] as const) {
    const closed = compare(name).interval
    const resampled = compare(name, { bootstrap: { seed: 3 } }).interval
    const width = closed.high - closed.low
    assert.ok(Math.abs(closed.low - resampled.low) < 0.1 * width, `${name} low`)
    assert.ok(Math.abs(closed.high - resampled.high) < 0.1 * width, `${name} high`)
  }
})

test('repeats the bootstrap from its seed and says how it was done', () => {
  const draw = (seed: number): Known => compare('f1', { bootstrap: { seed, replicates: 200 } })
  assert.deepEqual(draw(5), draw(5))
  assert.notDeepEqual(draw(5).interval, draw(6).interval)
  assert.equal(draw(5).method, 'paired bootstrap, 200 replicates, seed 5')
})

test('bootstraps a part of many rows and shrinks the interval to all of them', () => {
  const whole = compare('log_loss').interval
  const part = compare('log_loss', { bootstrap: { seed: 2, maximumRows: 200 } })
  assert.match(part.method, /on 200 of 400 rows/)
  const ratio = (part.interval.high - part.interval.low) / (whole.high - whole.low)
  assert.ok(ratio > 0.8 && ratio < 1.25, `ratio ${ratio}`)
})

test('finds no difference between a model and itself', () => {
  const { candidate } = rivals()
  for (const name of ['roc_auc', 'average_precision', 'log_loss', 'recall', 'f1'] as const) {
    const comparison = comparePaired(name, { candidate, reference: candidate })
    assert.ok(comparison.status === 'value')
    assert.deepEqual([comparison.difference, comparison.interval.low, comparison.interval.high], [0, 0, 0])
  }
})

test('says which side of a comparison is at fault', () => {
  const { candidate } = rivals()
  const broken = prepareRows({ task: 'binary', labels: [1], scores: Float64Array.of(NaN) })
  assert.match(
    JSON.stringify(comparePaired('roc_auc', { candidate, reference: broken })),
    /reference: 1 of 1 rows has/,
  )
  const short = prepareRows({ task: 'binary', labels: [1, 0], scores: Float64Array.of(0.2, 0.1) })
  assert.match(
    JSON.stringify(comparePaired('roc_auc', { candidate, reference: short })),
    /candidate has 400 rows and reference 2/,
  )
  const negative = prepareRows({ task: 'binary', labels: [0, 0], scores: Float64Array.of(0.2, 0.1) })
  assert.deepEqual(comparePaired('roc_auc', { candidate: negative, reference: short }), {
    status: 'undefined',
    name: 'roc_auc',
    reason: 'candidate: all rows are negative',
    n: 2,
  })
})

test('compares two groups of different rows from their own intervals', () => {
  const accuracyOf = (right: number, n: number): ReturnType<typeof measure> =>
    measure({
      task: 'binary',
      labels: new Float64Array(n).fill(1),
      scores: Float64Array.from({ length: n }, (_, row) => (row < right ? 0.9 : 0.1)),
    })
  const candidate = metricNamed(accuracyOf(56, 70), 'accuracy')
  const reference = metricNamed(accuracyOf(48, 80), 'accuracy')
  assert.ok(candidate !== undefined && reference !== undefined)
  const comparison = compareIndependent(candidate, reference)
  assert.ok(comparison.status === 'value')
  assert.equal(comparison.n, 150)
  // Newcombe (1998), table II, method 10: 56/70 against 48/80.
  assertBounds(comparison, [0.0524, 0.3339], 5e-5)
})

test('leaves the comparison of groups undefined when one of them is', () => {
  const candidate = metricNamed(
    measure({ task: 'binary', labels: [0, 0], scores: Float64Array.of(0.1, 0.2) }),
    'roc_auc',
  )
  const reference = metricNamed(measure(overconfidentRows(100)), 'roc_auc')
  assert.ok(candidate !== undefined && reference !== undefined)
  assert.deepEqual(compareIndependent(candidate, reference), {
    status: 'undefined',
    name: 'roc_auc',
    reason: 'candidate: all rows are negative',
    n: 102,
  })
})
