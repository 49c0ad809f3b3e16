import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bounds, differenceBounds, newcombeAreaBounds, wilsonBounds } from './interval.ts'

function rounded({ low, high }: Bounds): readonly number[] {
  return [Number(low.toFixed(4)), Number(high.toFixed(4))]
}

test("gives the published examples of Wilson's interval", () => {
  // Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
  assert.deepEqual(rounded(wilsonBounds(81 / 263, 263)), [0.2553, 0.3662])
  assert.deepEqual(rounded(wilsonBounds(15 / 148, 148)), [0.0624, 0.1605])
  assert.deepEqual(rounded(wilsonBounds(0, 20)), [0, 0.1611])
  assert.deepEqual(rounded(wilsonBounds(1 / 29, 29)), [0.0061, 0.1718])
})

test('gives the published examples of a difference of two independent proportions', () => {
  const difference = (a: number, m: number, b: number, n: number): readonly number[] =>
    rounded(
      differenceBounds(
        { value: a / m, ...wilsonBounds(a / m, m) },
        { value: b / n, ...wilsonBounds(b / n, n) },
      ),
    )
  // Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
  assert.deepEqual(difference(56, 70, 48, 80), [0.0524, 0.3339])
  assert.deepEqual(difference(9, 10, 3, 10), [0.1705, 0.809])
  assert.deepEqual(difference(10, 10, 0, 10), [0.6075, 1])
})

test('bounds an area of 0 as it bounds an area of 1', () => {
  const perfect = newcombeAreaBounds(1, 5, 5)
  const inverted = newcombeAreaBounds(0, 5, 5)
  assert.ok(Math.abs(perfect.low - 0.642702823931043) < 1e-9)
  assert.ok(Math.abs(inverted.high - (1 - perfect.low)) < 1e-9)
})
