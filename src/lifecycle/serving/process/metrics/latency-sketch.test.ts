import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { bucketMiddleMs, sketchBucket, sketchBuckets, sketchQuantiles } from './latency-sketch.ts'
import { RollingWindow, windowFigures } from './rolling-window.ts'

test('keeps every time within a thirty-second of its value, from microseconds to half an hour', () => {
  for (let milliseconds = 0.02; milliseconds < 1_800_000; milliseconds *= 1.013) {
    const middle = bucketMiddleMs(sketchBucket(milliseconds))
    assert.ok(Math.abs(middle - milliseconds) <= milliseconds / 30 + 0.001, `${milliseconds} → ${middle}`)
  }
  assert.ok(sketchBucket(1e12) < sketchBuckets)
  assert.equal(sketchBucket(-1), 0)
  assert.equal(sketchBucket(Number.NaN), sketchBucket(1e12))
})

test('gives the quantiles of an exponential distribution', () => {
  const random = createRandom(3)
  const counts = new Uint32Array(sketchBuckets)
  for (let index = 0; index < 100_000; index++) {
    const bucket = sketchBucket(-10 * Math.log(1 - random.uniform()))
    counts[bucket] = (counts[bucket] as number) + 1
  }
  const shares = [0.5, 0.95, 0.99]
  for (const [index, found] of sketchQuantiles(counts, 100_000, shares).entries()) {
    const expected = -10 * Math.log(1 - (shares[index] as number))
    assert.ok(found !== undefined && Math.abs(found / expected - 1) < 0.06, `${found} for ${expected}`)
  }
})

test('forgets what is older than the window, and adds up several', () => {
  const [left, right] = [new RollingWindow(), new RollingWindow()]
  for (let second = 0; second < 400; second++) left.count(second % 10 === 0, 5, second * 1000)
  right.count(false, 50, 399_000)
  const minute = windowFigures([left], 60, 399_999)
  assert.ok(minute.requests >= 60 && minute.requests <= 65, String(minute.requests))
  assert.ok(Math.abs(minute.requestsPerSecond - 1) < 0.05, String(minute.requestsPerSecond))
  assert.ok(Math.abs(minute.errorRate - 0.1) < 0.02)
  assert.ok(Math.abs((minute.p50Ms ?? 0) - 5) < 0.2)
  const both = windowFigures([left, right], 60, 399_999)
  assert.equal(both.requests, minute.requests + 1)
  assert.deepEqual(windowFigures([left], 60, 900_000), {
    seconds: 60,
    requests: 0,
    errors: 0,
    requestsPerSecond: 0,
    errorRate: 0,
  })
})
