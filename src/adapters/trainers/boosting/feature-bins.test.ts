import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { binFeature, fitBins } from './feature-bins.ts'
import type { NumberBins } from './feature-bins.ts'

function fitNumbers(values: readonly number[], maxBin = 255): NumberBins {
  const table = {
    rows: values.length,
    label: new Float64Array(values.length),
    features: [{ name: 'x', kind: 'number' as const, values: Float32Array.from(values) }],
  }
  return fitBins(table, { maxBin, maxCategories: 255 }, createRandom(0))[0] as NumberBins
}

function binsOf(bins: NumberBins, values: readonly number[]): number[] {
  const cells = new Uint16Array(values.length)
  binFeature({ name: 'x', kind: 'number', values: Float32Array.from(values) }, bins, {
    cells,
    at: 0,
    stride: 1,
    offset: 0,
  })
  return Array.from(cells)
}

test('a bound between two neighbouring floats lies at the lower one, never at the upper', () => {
  const one = 1
  const next = Math.fround(1 + 2 ** -23)
  const { upperBounds } = fitNumbers([one, next])
  assert.equal(upperBounds[0], one)
  assert.deepEqual(binsOf(fitNumbers([one, next]), [one, next]), [1, 2])
})

test('few values have a bin each; missing values have bin 0', () => {
  const bins = fitNumbers([3, 1, 2, 1, Number.NaN])
  assert.deepEqual(binsOf(bins, [1, 2, 3, Number.NaN, -1e38, 1e38, 1.4, 1.6]), [1, 2, 3, 0, 1, 3, 1, 2])
})

test('many values share bins of about equally many rows', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => i ** 2)
  const bins = fitNumbers(values, 10)
  const counts = new Map<number, number>()
  for (const bin of binsOf(bins, values)) counts.set(bin, (counts.get(bin) ?? 0) + 1)
  assert.equal(counts.size, 10)
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) <= 1, `${count}`)
})

test('a very frequent value has a bin of its own', () => {
  const values = [
    ...Array.from({ length: 5000 }, () => 0),
    ...Array.from({ length: 5000 }, (_, i) => i - 2500),
  ]
  const bins = fitNumbers(values, 16)
  const [below, zero, above] = binsOf(bins, [-1, 0, 1])
  assert.ok((below as number) < (zero as number) && (zero as number) < (above as number))
})
