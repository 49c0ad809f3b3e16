import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sortRows } from './sort-rows.ts'

test('rows without a value come last in both directions', () => {
  const rows = [0.3, undefined, 0.1, Number.NaN, 0.2]
  const keyOf = (row: number | undefined) => row
  assert.deepEqual(sortRows(rows, keyOf, 'ascending').slice(0, 3), [0.1, 0.2, 0.3])
  assert.deepEqual(sortRows(rows, keyOf, 'descending').slice(0, 3), [0.3, 0.2, 0.1])
})

test('numbers inside names sort as numbers', () => {
  assert.deepEqual(
    sortRows(['v10', 'v9', 'V1'], (row) => row, 'ascending'),
    ['V1', 'v9', 'v10'],
  )
})
