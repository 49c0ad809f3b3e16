import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linearScale, niceTicks, paddedExtent } from './scale.ts'

test('ticks are round and inside the domain', () => {
  assert.deepEqual(niceTicks([0, 1], 5), [0, 0.2, 0.4, 0.6, 0.8, 1])
  assert.deepEqual(niceTicks([0.61, 0.74], 4), [0.65, 0.7])
  assert.deepEqual(niceTicks([-0.06, 0.12], 4), [-0.05, 0, 0.05, 0.1])
  assert.deepEqual(niceTicks([5, 5], 4), [5])
})

test('a domain without extent lands in the middle', () => {
  assert.equal(linearScale([3, 3], [0, 100])(3), 50)
  assert.equal(linearScale([0, 10], [100, 0])(2.5), 75)
})

test('unknown values do not stretch an axis', () => {
  assert.deepEqual(paddedExtent([null, Number.NaN, undefined]), [0, 1])
  assert.deepEqual(paddedExtent([1, 2, null], 0.5), [0.5, 2.5])
})
