import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom, randomFrom } from './random.ts'

test('gives the numbers of the reference implementation of xoshiro128** 1.1', () => {
  const random = randomFrom([1, 2, 3, 4])
  // Known answers of https://prng.di.unimi.it/xoshiro128starstar.c from the state {1, 2, 3, 4}.
  const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849]
  assert.deepEqual(
    expected.map(() => random.integer()),
    expected,
  )
})

test('repeats itself from the same seed and differs from another', () => {
  const draw = (seed: number): number[] => {
    const random = createRandom(seed)
    return Array.from({ length: 20 }, () => random.uniform())
  }
  assert.deepEqual(draw(7), draw(7))
  assert.notDeepEqual(draw(7), draw(8))
  assert.notDeepEqual(draw(7), draw(7 + 2 ** 32))
})

test('draws every value below a bound equally often', () => {
  const random = createRandom(1)
  const counts = new Uint32Array(6)
  for (let draw = 0; draw < 60_000; draw += 1) {
    const face = random.below(6)
    counts[face] = counts[face]! + 1
  }
  // Chi-square with 5 degrees of freedom exceeds 20.5 once in a thousand seeds.
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
  assert.ok(chiSquare < 20.5, `chi-square ${chiSquare}`)
})

test('draws normal numbers with mean zero and variance one', () => {
  const random = createRandom(2)
  const drawn = Array.from({ length: 50_000 }, () => random.normal())
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
  const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length
  assert.ok(Math.abs(mean) < 0.02)
  assert.ok(Math.abs(variance - 1) < 0.03)
})

test('forks by name, whatever was drawn before', () => {
  const first = createRandom(3)
  first.uniform()
  assert.equal(first.fork('trees').integer(), createRandom(3).fork('trees').integer())
  assert.notEqual(first.fork('trees').integer(), first.fork('rows').integer())
})
