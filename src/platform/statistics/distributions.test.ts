import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benjaminiHochberg, chiSquareSurvival, gammaSurvival, logBeta, logGamma } from './distributions.ts'

// Every expected number below was printed by SciPy 1.17.1.

function assertClose(actual: number, expected: number, relative = 1e-10): void {
  const allowed = relative * Math.max(Math.abs(expected), Number.MIN_VALUE)
  assert.ok(Math.abs(actual - expected) <= allowed, `${actual} is not within ${relative} of ${expected}`)
}

test('logGamma agrees with scipy.special.gammaln', () => {
  assertClose(logGamma(0.1), 2.252712651734206)
  assertClose(logGamma(0.5), 0.5723649429247)
  assert.ok(Math.abs(logGamma(1)) < 1e-14)
  assertClose(logGamma(3.7), 1.428072326665388)
  assertClose(logGamma(171.5), 709.1431630309283)
  assertClose(logGamma(1e6), 12815504.569147611)
})

test('chiSquareSurvival agrees with scipy.stats.chi2.sf, in the body and far into the tail', () => {
  assertClose(chiSquareSurvival(3.841458820694124, 1), 0.04999999999999989)
  assertClose(chiSquareSurvival(0.5, 3), 0.9188914116546758)
  assertClose(chiSquareSurvival(10, 10), 0.44049328506521257)
  assertClose(chiSquareSurvival(1200, 1000), 1.2255942330622893e-5)
  assertClose(chiSquareSurvival(80, 5), 8.391825114831597e-16)
  assertClose(chiSquareSurvival(500, 20), 2.910266873027274e-93)
})

test('chiSquareSurvival is 1 at zero, at no degrees of freedom, and 0 at infinity', () => {
  assert.equal(chiSquareSurvival(0, 4), 1)
  assert.equal(chiSquareSurvival(0, 0), 1)
  assert.equal(chiSquareSurvival(Number.POSITIVE_INFINITY, 4), 0)
  assert.ok(Number.isNaN(gammaSurvival(-1, 2)))
})

test('logBeta agrees with scipy.special.betaln', () => {
  assertClose(logBeta(0.5, 8), -0.4517409533108833)
  assertClose(logBeta(150.5, 1e5), -1130.2937701502815)
})

test('benjaminiHochberg agrees with scipy.stats.false_discovery_control and keeps the order given', () => {
  const adjusted = benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.8])
  for (const [index, expected] of [0.025, 0.05, 0.05, 0.025, 0.8].entries())
    assertClose(adjusted[index]!, expected)
  assert.deepEqual(benjaminiHochberg([]), [])
})
