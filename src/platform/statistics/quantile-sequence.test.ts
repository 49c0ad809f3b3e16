import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { logEvidenceAgainstRate, priorAround } from './bernoulli-mixture.ts'
import { LogHistogram } from './log-histogram.ts'
import { quantileEstimate, rankBounds } from './quantile-sequence.ts'

test('agrees with the reference values of confseq, the library of the authors', () => {
  // Its two-sided beta-binomial mixture for v_opt = 100, g = 0.2, h = 0.8, at v = 100: 625 trials at the rate 0.2.
  const prior = priorAround(0.2, { bestAt: 625, alpha: 0.05 })
  const evidence = logEvidenceAgainstRate({ hits: 135, trials: 625 }, 0.2, prior)
  assert.ok(Math.abs(evidence - -0.6941012) < 1e-6, `${evidence}`)
  const { high } = rankBounds(625, { quantile: 0.2, alpha: 0.05, bestAt: 625 })
  assert.equal(high, Math.floor(625 * 0.2 + 31.4308))
})

test('is a martingale: at the true rate the expectation is one', () => {
  const prior = priorAround(0.9, { bestAt: 200, alpha: 0.05 })
  let expectation = 0
  let logChoose = 0
  for (let hits = 0; hits <= 40; hits++) {
    const chance = logChoose + hits * Math.log(0.9) + (40 - hits) * Math.log(0.1)
    expectation += Math.exp(chance + logEvidenceAgainstRate({ hits, trials: 40 }, 0.9, prior))
    logChoose += Math.log((40 - hits) / (hits + 1))
  }
  assert.ok(Math.abs(expectation - 1) < 1e-9, `${expectation}`)
})

const options = { quantile: 0.95, alpha: 0.05, bestAt: 1000 }

test('holds the true 95th percentile at each of 10,000 looks in all but alpha of the runs', () => {
  const prior = priorAround(options.quantile, options)
  const runs = 300
  let missed = 0
  for (let seed = 0; seed < runs; seed++) {
    const random = createRandom(seed)
    let hits = 0
    for (let trials = 1; trials <= 10_000; trials++) {
      if (random.uniform() < options.quantile) hits++
      if (logEvidenceAgainstRate({ hits, trials }, options.quantile, prior) >= Math.log(1 / options.alpha)) {
        missed++
        break
      }
    }
  }
  assert.ok(missed / runs <= options.alpha + 3 * Math.sqrt((0.05 * 0.95) / runs), `${missed} of ${runs}`)
})

test('bounds the percentile of skewed values and of values that are often equal', () => {
  const random = createRandom(5)
  const skewed = new LogHistogram()
  const equal = new LogHistogram()
  for (let row = 0; row < 5000; row++) {
    skewed.add(Math.exp(random.normal()))
    equal.add(random.uniform() < 0.97 ? 2 : 40)
  }
  const truth = Math.exp(1.6448536269514722)
  const found = quantileEstimate(skewed, options)
  assert.ok(found.low < truth && truth < found.high, `${found.low} to ${found.high}`)
  assert.ok(found.high / found.low < 1.35, `${found.high / found.low}`)
  const tied = quantileEstimate(equal, options)
  assert.ok(tied.low <= 2 && tied.high >= 2 && tied.high < 2.1, `${tied.low} to ${tied.high}`)
})

test('says nothing about few values, and nothing wrong', () => {
  const few = new LogHistogram()
  for (let row = 0; row < 10; row++) few.add(3)
  assert.equal(quantileEstimate(few, options).high, Number.POSITIVE_INFINITY)
})
