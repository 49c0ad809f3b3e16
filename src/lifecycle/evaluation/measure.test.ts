import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricNamed, type MetricName, type MetricValue, metricValueSchema } from './contract.ts'
import { overconfidentRows, regressionRows, tiedRows, tiedRowWeights } from './example-rows.ts'
import { measure } from './measure.ts'
import type { ScoredInput } from './scored-rows.ts'

function valueOf(
  values: readonly MetricValue[],
  name: MetricName,
): Extract<MetricValue, { status: 'value' }> {
  const found = metricNamed(values, name)
  assert.ok(found?.status === 'value', `${name}: ${JSON.stringify(found)}`)
  return found
}

function assertClose(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${actual} is not ${expected}`,
  )
}

type Expected = Partial<Record<MetricName, readonly [value: number, low?: number, high?: number]>>

function assertMetrics(values: readonly MetricValue[], expected: Expected): void {
  for (const [name, [value, low, high]] of Object.entries(expected)) {
    const actual = valueOf(values, name as MetricName)
    assertClose(actual.value, value)
    if (low !== undefined) assertClose(actual.interval.low, low)
    if (high !== undefined) assertClose(actual.interval.high, high)
  }
}

// Values: scikit-learn 1.9.1. Intervals: DeLong's formula written out over all pairs in NumPy; SciPy's
// `binomtest(…).proportion_ci(method='wilson')`; mean ± 1.96 standard errors of the row losses.
test('gives the values of scikit-learn and the published intervals on 5,000 rows', () => {
  assertMetrics(measure(overconfidentRows(5000)), {
    roc_auc: [0.8567411574416244, 0.8465275446160441, 0.8669547702672047],
    average_precision: [0.8033745910013881],
    log_loss: [0.48782298743212144, 0.47445710848757844, 0.5011888663766644],
    brier_score: [0.16203808745435597],
    expected_calibration_error: [0.09958886911220387],
    calibration_gap: [0.09958886911220387],
    accuracy: [0.7588, 0.746746098386674, 0.7704565390865643],
    precision: [0.6592, 0.6403887976185715, 0.6775227048033571],
    recall: [0.8231768231768232, 0.8058502926300583, 0.8392654987051099],
    f1: [0.7321190581963571],
    positive_rate: [0.4004],
    predicted_positive_rate: [0.5],
  })
})

// The interval of average precision: numerical derivatives of scikit-learn's average_precision_score by each row's
// weight. A bootstrap of 3,000 draws gave [0.730, 0.854], and [0.684, 0.786] for F1.
test('treats equal scores as one threshold', () => {
  assertMetrics(measure(tiedRows()), {
    roc_auc: [0.8673504005845665, 0.8327168642096847, 0.901983936959448],
    average_precision: [0.7963791383160073, 0.7280703872949716, 0.8510394264742481],
    log_loss: [0.4779668423081263, 0.43237230704498797, 0.5235613775712646],
    brier_score: [0.15725625],
    expected_calibration_error: [0.102875],
    accuracy: [0.7575],
    f1: [0.7371273712737128, 0.6838115761580925, 0.7842890096779017],
  })
})

test('weighs rows as scikit-learn does with sample_weight', () => {
  assertMetrics(measure({ ...tiedRows(), weights: tiedRowWeights() }), {
    roc_auc: [0.8282064589664879, 0.7874684293358667, 0.8689444885971092],
    average_precision: [0.7196349819754856, 0.6513564624353506, 0.7790771292709805],
    log_loss: [0.5144951466712544],
    brier_score: [0.1726849719069646],
    calibration_gap: [0.11566424194573313],
    accuracy: [0.7170822038389413],
    precision: [0.572287098725073],
    recall: [0.8048175423746818],
    f1: [0.6689204038421162],
  })
})

test('measures regression with intervals', () => {
  assertMetrics(measure(regressionRows()), {
    rmse: [0.9557074658689731, 0.8980918908546489, 1.010041819043405],
    mae: [0.792547364093947, 0.7320102311203845, 0.8530844970675094],
    r2: [0.8939436493806577, 0.8777264884992614, 0.9101608102620541],
    mean_error: [-0.7486732610645637, -0.8160045387011298, -0.6813419834279976],
  })
})

test('says for every metric how many rows stand behind it and how the interval was found', () => {
  for (const value of measure(overconfidentRows(500))) {
    assert.deepEqual(metricValueSchema.parse(value), value)
    assert.ok(value.status === 'value' && value.n === 500 && value.interval.method.length > 3)
    assert.ok(value.interval.low <= value.value && value.value <= value.interval.high, value.name)
  }
})

test('leaves ranking metrics undefined, with the reason, when there is one class only', () => {
  const rows: ScoredInput = { task: 'binary', labels: [0, 0, 0], scores: Float64Array.of(0.1, 0.2, 0.3) }
  const values = measure(rows)
  for (const name of ['roc_auc', 'average_precision'] as const) {
    assert.deepEqual(metricNamed(values, name), {
      status: 'undefined',
      name,
      reason: 'all rows are negative',
      n: 3,
    })
  }
  const undefinedNames = values.filter(({ status }) => status === 'undefined').map(({ name }) => name)
  assert.deepEqual(undefinedNames, ['roc_auc', 'average_precision', 'precision', 'recall', 'f1'])
  const allPositive = measure({ ...rows, labels: [1, 1, 1] })
  assert.match(JSON.stringify(metricNamed(allPositive, 'roc_auc')), /all rows are positive/)
})

test('leaves every metric undefined for no rows and for a single one', () => {
  for (const task of ['binary', 'regression'] as const) {
    const empty = measure({ task, labels: [], scores: new Float64Array() })
    assert.ok(empty.every((value) => value.status === 'undefined' && value.reason === 'there are no rows'))
    const single = measure({ task, labels: [1], scores: Float64Array.of(0.5) })
    assert.ok(single.every((value) => value.status === 'undefined' && /one row/.test(value.reason)))
  }
})

test('reports broken input as an error that counts the rows', () => {
  const scores = Float64Array.of(0.1, NaN, Infinity)
  const reasonOf = (input: ScoredInput): string => {
    const values = measure(input)
    assert.ok(values.every(({ status }) => status === 'error'))
    return values[0]?.status === 'error' ? values[0].reason : ''
  }
  assert.equal(
    reasonOf({ task: 'binary', labels: [0, 1, 1], scores }),
    '2 of 3 rows have a score that is NaN or infinite',
  )
  assert.equal(
    reasonOf({ task: 'binary', labels: [0, 2], scores: Float64Array.of(0.1, 0.2) }),
    '1 of 2 rows has a label that is neither 0 nor 1',
  )
  assert.equal(
    reasonOf({ task: 'regression', labels: [0, NaN], scores: Float64Array.of(0.1, 0.2) }),
    '1 of 2 rows has a label that is NaN or infinite',
  )
  assert.equal(reasonOf({ task: 'binary', labels: [1], scores }), 'there are 1 labels for 3 scores')
})

test('ranks scores that are no probabilities, but does not call them probabilities', () => {
  const values = measure({ task: 'binary', labels: [0, 1, 1, 0], scores: Float64Array.of(-3, 2, 0.4, -0) })
  assert.equal(valueOf(values, 'roc_auc').value, 1)
  assert.deepEqual(metricNamed(values, 'log_loss'), {
    status: 'error',
    name: 'log_loss',
    reason: '2 of 4 scores are not between 0 and 1',
  })
})

test('clips the log loss at machine epsilon, as scikit-learn does', () => {
  const values = measure({ task: 'binary', labels: [1, 0], scores: Float64Array.of(0, 1) })
  assertClose(valueOf(values, 'log_loss').value, 36.04365338911715)
})

test('keeps doubt about a perfect separation', () => {
  const labels = Float64Array.from({ length: 30 }, (_, row) => (row < 10 ? 1 : 0))
  const auc = valueOf(measure({ task: 'binary', labels, scores: labels }), 'roc_auc')
  assert.equal(auc.value, 1)
  assert.equal(auc.interval.high, 1)
  // Newcombe's method 5, its root found by scipy.optimize.brentq.
  assertClose(auc.interval.low, 0.8489213534740007)
})

test('finds no r2 for a constant label and an exact zero error for a perfect prediction', () => {
  const values = measure({ task: 'regression', labels: [2, 2, 2], scores: Float64Array.of(2, 2, 2) })
  assert.match(JSON.stringify(metricNamed(values, 'r2')), /all labels are the same/)
  assert.equal(valueOf(values, 'rmse').value, 0)
})

test('never lets numbers that overflow become a value', () => {
  const values = measure({
    task: 'regression',
    labels: [1e300, -1e300],
    scores: Float64Array.of(-1e300, 1e300),
  })
  assert.equal(metricNamed(values, 'rmse')?.status, 'error')
})
