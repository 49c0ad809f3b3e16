import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import type { Column } from '#platform/tables/frame'
import { findLeaks, type Leak } from './leakage.ts'

const rows = 2000
const random = createRandom(1)
const labels = Float64Array.from({ length: rows }, () => (random.uniform() < 0.2 ? 1 : 0))

function numbers(valueOf: (row: number) => number): Column {
  return { kind: 'number', values: Float64Array.from({ length: rows }, (_, row) => valueOf(row)) }
}

function noise(): Column {
  return numbers(() => random.normal())
}

function leaks(
  columns: Record<string, Column>,
  more: { name?: string; allowed?: readonly string[] } = {},
): readonly Leak[] {
  const { name = 'late', ...rest } = more
  return findLeaks({ task: 'binary', label: { name, values: labels }, features: { rows, columns }, ...rest })
}

function severities(found: readonly Leak[]): readonly string[] {
  return found.map(({ feature, by, severity }) => `${feature}: ${severity} by ${by}`)
}

test('finds the label by name, however it is written', () => {
  const found = leaks({
    LATE: noise(),
    is_late: noise(),
    lateMinutes: noise(),
    plates: noise(),
    latent: noise(),
  })
  assert.deepEqual(severities(found), [
    'LATE: error by name',
    'is_late: error by name',
    'lateMinutes: error by name',
  ])
  assert.equal(found[1]?.reason, 'the name of feature is_late contains the label late')
  assert.deepEqual(leaks({ late_arrival_reason: noise() }, { name: 'late_arrival' }).length, 1)
})

test('warns of names that columns made from the label have, and leaves short label names alone', () => {
  const found = leaks({ outcome_code: noise(), y_position: noise(), targets: noise() }, { name: 'y' })
  assert.deepEqual(severities(found), ['outcome_code: warning by name'])
})

test('finds a feature that decides the label, whichever way it points', () => {
  const found = leaks({
    arrival: numbers((row) => 10 * (labels[row] ?? 0) + random.normal()),
    earliness: numbers((row) => -(labels[row] ?? 0)),
    distance: noise(),
  })
  assert.deepEqual(severities(found), ['arrival: error by value', 'earliness: error by value'])
  assert.match(found[0]?.reason ?? '', /^feature arrival alone predicts the label with ROC AUC 1\.0000$/)
})

test('finds a feature that is filled in only when the label is known', () => {
  const found = leaks({ refund: numbers((row) => (labels[row] === 1 ? 5 + random.normal() : NaN)) })
  assert.deepEqual(severities(found), ['refund: error by value'])
})

test('finds a category and a two-sided number that give the label away', () => {
  const found = leaks({
    status: {
      kind: 'category',
      codes: Int32Array.from(labels, (label) => label),
      levels: ['on time', 'delayed'],
    },
    deviation: numbers((row) => (labels[row] === 1 ? (row % 2 === 0 ? 9 : -9) : 0) + random.normal()),
  })
  assert.deepEqual(severities(found), ['status: error by value', 'deviation: error by value'])
})

test('is not fooled by an identifier that every row has for itself', () => {
  const levels = Array.from({ length: rows }, (_, row) => `id-${row}`)
  assert.deepEqual(leaks({ id: { kind: 'category', codes: Int32Array.from(levels.keys()), levels } }), [])
})

test('stays silent about features that were looked at, and about values of too few rows', () => {
  const copy = numbers((row) => labels[row] ?? 0)
  assert.deepEqual(leaks({ late_fee: copy }, { allowed: ['late_fee'] }), [])
  const few = findLeaks({
    task: 'binary',
    label: { name: 'late', values: Float64Array.of(0, 1) },
    features: { rows: 2, columns: { size: { kind: 'number', values: Float64Array.of(1, 2) } } },
  })
  assert.deepEqual(few, [])
})

test('finds a number in other units when the label is a number', () => {
  const price = Float64Array.from({ length: rows }, () => Math.exp(random.normal()))
  const found = findLeaks({
    task: 'regression',
    label: { name: 'price', values: price },
    features: {
      rows,
      columns: {
        cents: numbers((row) => 100 * (price[row] ?? 0)),
        area: numbers((row) => (price[row] ?? 0) + random.normal()),
      },
    },
  })
  assert.deepEqual(severities(found), ['cents: error by value'])
})
