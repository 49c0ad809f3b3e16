import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kolmogorovSmirnov, wassersteinNormed } from './two-sample.ts'

// Expected values: scipy.stats.ks_2samp and Evidently 0.7.21's Wasserstein distance on the same numbers.

function logistic(n: number, offset = 0): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    const u = ((i + 1) * 0.6180339887498949 + offset) % 1
    return Math.log(u / (1 - u))
  })
}

const changed = (m: number): Float64Array => logistic(m, 0.123).map((value) => 1.2 * value + 0.3)

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * expected, `${actual} is not ${expected}`)
}

test('the exact Kolmogorov-Smirnov p-value agrees with SciPy, where it is large and where it is tiny', () => {
  assertClose(kolmogorovSmirnov(logistic(200), changed(150)).pValue, 0.31965068973112587)
  assertClose(kolmogorovSmirnov(logistic(2000), changed(1500)).pValue, 1.2110105243355705e-6)
})

test('large samples use the limiting law and keep the exact statistic', () => {
  const found = kolmogorovSmirnov(logistic(20_000), changed(5000))
  assert.equal(found.method, 'asymptotic')
  assertClose(found.statistic, 0.08985)
})

test('the Wasserstein distance agrees with Evidently', () => {
  assertClose(wassersteinNormed(logistic(200), changed(150)), 0.22265245298920502)
  assertClose(wassersteinNormed(logistic(2000), changed(1500)), 0.21161696162811874)
})

test('equal samples have distance 0 and p-value 1, whatever their order, and empty ones too', () => {
  const values = Float64Array.of(3, 1, Number.NaN, 2)
  assert.deepEqual(kolmogorovSmirnov(values, Float64Array.of(1, 2, 3)), {
    statistic: 0,
    pValue: 1,
    method: 'exact',
  })
  assert.equal(wassersteinNormed(values, Float64Array.of(1, 2, 3)), 0)
  assert.equal(wassersteinNormed(values, Float64Array.of()), 0)
  assert.equal(kolmogorovSmirnov(Float64Array.of(Number.NaN), values).pValue, 1)
})
