import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatAgo,
  formatBound,
  formatChange,
  formatCompact,
  formatNumber,
  formatShare,
  metricTitle,
} from './format.ts'

test('measured numbers have four digits that tell something', () => {
  const cases: [number | null | undefined, string][] = [
    [0.70479, '0.7048'],
    [0.5, '0.5000'],
    [12.345, '12.35'],
    [1.44, '1.440'],
    [9680.4, '9,680'],
    [1_234_567, '1,234,567'],
    [3, '3'],
    [0, '0'],
    [0.00001234, '1.2e-5'],
    [-0.037, '-0.0370'],
    [Number.NaN, '–'],
    [null, '–'],
    [undefined, '–'],
  ]
  for (const [value, expected] of cases) assert.equal(formatNumber(value), expected)
})

test('numbers that somebody chose are shown as they were written', () => {
  assert.deepEqual([0.05, 0.65, -0.002, 1500].map(formatBound), ['0.05', '0.65', '-0.002', '1,500'])
})

test('changes carry their sign, shares their percent, counts their unit', () => {
  assert.equal(formatChange(-0.018), '−0.0180')
  assert.equal(formatChange(0.0021), '+0.0021')
  assert.equal(formatShare(0.2334), '23.3 %')
  assert.equal(formatShare(0), '0 %')
  assert.equal(formatCompact(2_999_994), '3M')
  assert.equal(formatCompact(8000), '8,000')
})

test('times are told from now, past and future', () => {
  const now = 1_000_000_000_000
  const cases: [number, string][] = [
    [0, 'just now'],
    [42_000, '42 s ago'],
    [200_000, '3 min ago'],
    [3 * 3_600_000, '3 h ago'],
    [50 * 3_600_000, '2 d ago'],
    [-90_000, 'in 1 min'],
  ]
  for (const [agoMs, expected] of cases) assert.equal(formatAgo(now - agoMs, now), expected)
})

test('metrics are titled as people write them, whoever logged them', () => {
  assert.deepEqual(['roc_auc', 'evaluation/roc_auc', 'importance/hour', 'my_metric'].map(metricTitle), [
    'ROC AUC',
    'ROC AUC',
    'importance/hour',
    'my metric',
  ])
})
