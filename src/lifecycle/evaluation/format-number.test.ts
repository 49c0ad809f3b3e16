import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBeside, formatNumber } from './format-number.ts'

test('writes numbers of every size so that people can read them', () => {
  const written = [
    0, 0.681234, -0.0123, 0.00412, 0.0000001, 1, 12.3456, 999.96, 1234.5, 3_000_000, 0.9999,
  ].map((value) => formatNumber(value))
  assert.deepEqual(written, [
    '0',
    '0.681',
    '-0.012',
    '0.0041',
    '1.0e-7',
    '1.000',
    '12.35',
    '1000.0',
    '1,235',
    '3,000,000',
    '1.000',
  ])
})

test('keeps a rounded number on its side of a bound', () => {
  assert.equal(formatBeside(0.64999, 0.65), '0.64999')
  assert.equal(formatBeside(0.65, 0.65), '0.650')
  assert.equal(formatBeside(0.7, 0.65), '0.700')
  assert.equal(formatBeside(1999.9999, 2000), '1,999.9999')
})
