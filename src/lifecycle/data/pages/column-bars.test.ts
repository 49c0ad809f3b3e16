import assert from 'node:assert/strict'
import test from 'node:test'
import type { ProfiledColumn } from '../profiles/version-profile.ts'
import { pairedBars } from './column-bars.ts'

function numbers(
  edges: readonly number[],
  counts: readonly number[],
  type: 'integer' | 'number',
): ProfiledColumn {
  const count = counts.reduce((sum, value) => sum + value, 0)
  const [min, max] = [edges[0] as number, edges.at(-1) as number]
  const quantiles = [min, min, min, min, max, max, max]
  const moments = { mean: 0, m2: 0, missing: 0, infinite: 0 }
  return {
    name: 'x',
    type,
    distinct: count,
    notANumber: 0,
    quantiles,
    frequent: [],
    values: { kind: 'number', count, ...moments, min, max, edges: [...edges], counts: [...counts] },
  }
}

void test('bars of both versions have the same places, and each version adds up to one', () => {
  const bars = pairedBars(
    numbers([0, 5, 10], [0, 10, 10, 0], 'number'),
    numbers([5, 20], [0, 300, 0], 'number'),
  )
  const sum = (side: 'before' | 'after'): number => bars.reduce((total, bar) => total + bar[side], 0)
  assert.ok(Math.abs(sum('before') - 1) < 1e-9)
  assert.ok(Math.abs(sum('after') - 1) < 1e-9)
  assert.equal(bars[0]?.after, 0)
  assert.equal(bars.at(-1)?.before, 0)
})

void test('a column with one value has one bar, named by it', () => {
  const one = numbers([0.5, 0.5], [0, 7, 0], 'number')
  assert.deepEqual(
    pairedBars(one, one).map(({ name }) => name),
    ['0.5000'],
  )
})

void test('names are ordered by how frequent they are in both, and what has no name is one bar', () => {
  const levels = (names: readonly string[], counts: readonly number[], other: number): ProfiledColumn => ({
    name: 'x',
    type: 'text',
    distinct: names.length,
    notANumber: 0,
    quantiles: null,
    frequent: [],
    values: {
      kind: 'category',
      count: counts.reduce((sum, value) => sum + value, other),
      missing: 0,
      levels: [...names],
      counts: [...counts],
      other,
      distinct: names.length,
      unseen: { count: 0, levels: [] },
    },
  })
  assert.deepEqual(pairedBars(levels(['a', 'b'], [6, 4], 0), levels(['b', 'c'], [5, 1], 4)), [
    { name: 'b', before: 0.4, after: 0.5 },
    { name: 'a', before: 0.6, after: 0 },
    { name: 'c', before: 0, after: 0.1 },
    { name: 'all others', before: 0, after: 0.4 },
  ])
})
