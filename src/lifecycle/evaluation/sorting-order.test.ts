import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { sortingOrder } from './sorting-order.ts'

function reference(values: Float64Array): number[] {
  return [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b)
}

for (const count of [0, 1, 50, 5000]) {
  test(`sorts ${count} rows stably, with negative, huge, tiny and equal values`, () => {
    const random = createRandom(count)
    const special = [0, -0, 1e308, -1e308, 5e-324, -5e-324, 1, 1, 0.1]
    const values = Float64Array.from({ length: count }, () =>
      random.below(3) === 0
        ? (special[random.below(special.length)] ?? 0)
        : random.normal() * 10 ** random.below(9),
    )
    assert.deepEqual([...sortingOrder(values)], reference(values))
  })
}

test('sorts single-precision scores and scores that are all the same', () => {
  const random = createRandom(1)
  const scores = Float64Array.from({ length: 3000 }, () => Math.fround(random.uniform()))
  assert.deepEqual([...sortingOrder(scores)], reference(scores))
  assert.deepEqual([...sortingOrder(new Float64Array(3000).fill(0.5))], reference(new Float64Array(3000)))
})
