import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { sequentialWidth } from './mean-sequence.ts'

const options = { alpha: 0.05, bestAt: 1000 }

test('is where the mixture of normal likelihood ratios reaches 1 / alpha', () => {
  for (const n of [300, 1000, 50_000]) {
    const rho2 = (-2 * Math.log(0.05) + Math.log(-2 * Math.log(0.05)) + 1) / options.bestAt
    // For a sum S of n standardized values: the ratio mixed over a normal prior with variance rho2.
    const mixture = (sum: number): number =>
      Math.exp((rho2 * sum * sum) / (2 * (n * rho2 + 1))) / Math.sqrt(n * rho2 + 1)
    let [low, high] = [0, 20 * Math.sqrt(n)]
    for (let step = 0; step < 80; step++) {
      const middle = (low + high) / 2
      if (mixture(middle) < 1 / options.alpha) low = middle
      else high = middle
    }
    assert.ok(Math.abs(sequentialWidth(n, options) - low / Math.sqrt(n)) < 1e-9)
  }
})

test('costs half as much again as one look would, where it is narrowest', () => {
  const width = sequentialWidth(1000, options)
  assert.ok(width > 1.5 * 1.96 && width < 1.6 * 1.96, `${width} standard errors`)
  assert.ok(sequentialWidth(100_000, options) < 1.2 * width)
})

/** Whether the interval for a mean misses `mean` at any of the looks from 300 to 10,000. */
function everMisses(
  seed: number,
  { effect, mean }: { effect: number; mean: number },
  width: readonly number[],
) {
  const random = createRandom(seed)
  let [sum, squares] = [0, 0]
  for (let n = 1; n <= 10_000; n++) {
    // Differences of log losses: skewed, with long tails.
    const value = effect + Math.exp(random.normal()) - Math.exp(0.5)
    sum += value
    squares += value * value
    if (n < 300) continue
    const standardError = Math.sqrt((squares / n - (sum / n) ** 2) / n)
    if (Math.abs(sum / n - mean) > (width[n] as number) * standardError) return n
  }
  return undefined
}

test('holds the mean of skewed values at every look from 300 to 10,000 in all but alpha of the runs', () => {
  const width = Array.from({ length: 10_001 }, (_, n) => (n === 0 ? 0 : sequentialWidth(n, options)))
  const runs = 300
  let missed = 0
  for (let seed = 0; seed < runs; seed++) {
    if (everMisses(seed, { effect: 0, mean: 0 }, width) !== undefined) missed++
  }
  assert.ok(missed / runs <= 0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs), `${missed} of ${runs}`)
})

test('finds an effect of a tenth of a standard deviation within 4,000 rows', () => {
  const width = Array.from({ length: 10_001 }, (_, n) => (n === 0 ? 0 : sequentialWidth(n, options)))
  // The standard deviation of these values is 2.16.
  const found = Array.from({ length: 60 }, (_, seed) => everMisses(seed, { effect: 0.216, mean: 0 }, width))
  assert.ok(found.every((n) => n !== undefined && n < 4000))
})
