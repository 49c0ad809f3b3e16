import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { largestGap, LogHistogram } from './log-histogram.ts'

test('keeps ranks exactly and values to two per cent, through JSON and with negative numbers', () => {
  const random = createRandom(1)
  const values = Array.from({ length: 2000 }, () => random.normal() * 1000)
  const histogram = new LogHistogram()
  for (const value of values) histogram.add(value)
  const again = new LogHistogram(JSON.parse(JSON.stringify(histogram.state)))
  const sorted = values.toSorted((a, b) => a - b)
  for (const rank of [1, 100, 1000, 1999, 2000]) {
    const { low, high } = again.bucketAt(rank)
    const value = sorted[rank - 1] as number
    assert.ok(low <= value && value <= high, `${value} in ${low} to ${high}`)
    assert.ok((high - low) / Math.abs(value) < 0.021)
  }
})

test('takes no more room for a million values than for a thousand', () => {
  const random = createRandom(2)
  const histogram = new LogHistogram()
  for (let row = 0; row < 1_000_000; row++) histogram.add(Math.exp(random.normal()))
  assert.ok(histogram.state.length < 600, `${histogram.state.length} buckets`)
  histogram.add(Number.NaN)
  assert.equal(histogram.total, 1_000_000)
})

test('finds the largest gap between two distributions', () => {
  const [low, high] = [new LogHistogram(), new LogHistogram()]
  for (let row = 1; row <= 100; row++) {
    low.add(row / 100)
    high.add(row / 100 + 0.25)
  }
  const { gap, at } = largestGap(low, high)
  assert.ok(Math.abs(gap - 0.25) < 0.02 && at > 0.24 && at < 1.03, `${gap} at ${at}`)
})
