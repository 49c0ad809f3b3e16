import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CategoryColumn, Frame } from '#platform/tables/frame'
import { metricNamed, type SliceResult } from './contract.ts'
import { overconfidentRows } from './example-rows.ts'
import { measure } from './measure.ts'
import { prepareRows, type ScoredRows } from './scored-rows.ts'
import { measureSlices, worstSlice } from './slice.ts'
import { type SliceDefinition, sliceDefinitionSchema } from './slice-definition.ts'

const input = overconfidentRows(1000)

function category(valueOf: (row: number) => string | undefined): CategoryColumn {
  const values = Array.from({ length: 1000 }, (_, row) => valueOf(row))
  const levels = [...new Set(values.filter((value) => value !== undefined))]
  return {
    kind: 'category',
    codes: Int32Array.from(values, (value) => (value === undefined ? -1 : levels.indexOf(value))),
    levels,
  }
}

// 600 rows from JFK, 380 from LAX, 10 each from two small airports; the last hundred distances are missing.
const frame: Frame = {
  rows: 1000,
  columns: {
    origin: category((row) => (row < 600 ? 'JFK' : row < 980 ? 'LAX' : row < 990 ? 'AAA' : 'BBB')),
    carrier: category((row) => (row < 500 ? 'x' : undefined)),
    distance: {
      kind: 'number',
      values: Float64Array.from({ length: 1000 }, (_, row) => (row < 900 ? row : NaN)),
    },
    weekday: { kind: 'number', values: Float64Array.from({ length: 1000 }, (_, row) => row % 3) },
  },
}

function rows(): ScoredRows {
  const prepared = prepareRows(input)
  assert.ok(prepared.status === 'ready')
  return prepared.rows
}

function slices(...definitions: readonly unknown[]): readonly SliceResult[] {
  const parsed = definitions.map((definition): SliceDefinition => sliceDefinitionSchema.parse(definition))
  return measureSlices({ rows: rows(), frame }, parsed)
}

function sizes(results: readonly SliceResult[]): Record<string, number> {
  return Object.fromEntries(results.map(({ name, n }) => [name, n]))
}

test('measures a slice exactly as if its rows stood alone', () => {
  const [jfk] = slices({ name: 'from JFK', column: 'origin', equals: 'JFK' })
  const alone = measure({
    task: 'binary',
    labels: input.labels.slice(0, 600),
    scores: input.scores.slice(0, 600),
  })
  assert.deepEqual(jfk?.metrics, alone)
  const [byOrigin] = slices({ by: 'origin' })
  assert.deepEqual(byOrigin?.metrics, alone)
})

test('picks rows by one value, by several and by a range that includes its ends', () => {
  const found = sizes(
    slices(
      { name: 'coasts', column: 'origin', in: ['JFK', 'LAX'] },
      { name: 'near', column: 'distance', between: [0, 299] },
      { name: 'far', column: 'distance', between: [300, null] },
      { name: 'Monday', column: 'weekday', equals: 0 },
    ),
  )
  assert.deepEqual(found, { coasts: 980, near: 300, far: 600, Monday: 334 })
})

test('gives every frequent value its slice, pools rare ones and keeps missing ones apart', () => {
  const byOrigin = slices({ by: 'origin', min_rows: 50 })
  assert.deepEqual(sizes(byOrigin), { 'origin: JFK': 600, 'origin: LAX': 380, 'origin: 2 other values': 20 })
  assert.equal(byOrigin.at(-1)?.pooledValues, 2)
  assert.deepEqual(sizes(slices({ by: 'carrier' })), { 'carrier: x': 500, 'carrier: (missing)': 500 })
  assert.deepEqual(sizes(slices({ by: 'weekday' })), {
    'weekday: 0': 334,
    'weekday: 1': 333,
    'weekday: 2': 333,
  })
  assert.deepEqual(sizes(slices({ by: 'origin', top: 1, min_rows: 5 })), {
    'origin: JFK': 600,
    'origin: 3 other values': 400,
  })
})

test('cuts a column of many numbers in quarters', () => {
  const byDistance = sizes(slices({ by: 'distance', min_rows: 50 }))
  assert.deepEqual(byDistance, {
    'distance: 0 to 224': 225,
    'distance: over 224 to 449': 225,
    'distance: over 449 to 674': 225,
    'distance: over 674 to 899': 225,
    'distance: (missing)': 100,
  })
})

test('keeps a slice that is too small in sight, undefined with the reason', () => {
  const small = slices({ by: 'origin', min_rows: 50 }).at(-1)
  assert.ok(small?.tooSmall)
  assert.deepEqual(metricNamed(small.metrics, 'roc_auc'), {
    status: 'undefined',
    name: 'roc_auc',
    reason: '20 rows are fewer than min_rows 50',
    n: 20,
  })
  const [typo] = slices({ name: 'typo', column: 'origin', equals: 'JFk' })
  assert.match(JSON.stringify(typo?.metrics[0]), /no row belongs to this slice/)
})

test('reports a column that vanished or holds another kind of value as an error', () => {
  const reasons = slices(
    { by: 'airline' },
    { name: 'x', column: 'toString', equals: 1 },
    { name: 'y', column: 'origin', between: [1, 2] },
    { name: 'z', column: 'distance', equals: 'far' },
  ).map(({ metrics: [first] }) => (first?.status === 'error' ? first.reason : ''))
  assert.deepEqual(reasons, [
    'the evaluation data has no column airline; it has origin, carrier, distance, weekday',
    'the evaluation data has no column toString; it has origin, carrier, distance, weekday',
    'between needs numbers, and column origin holds text',
    'column distance holds numbers, and "far" is text',
  ])
})

test('finds the slice where a metric is worst, whichever side is worse', () => {
  const all = slices({ by: 'weekday' }, { by: 'origin', min_rows: 50 })
  for (const [name, pick] of [
    ['roc_auc', Math.min],
    ['log_loss', Math.max],
  ] as const) {
    const values = all.flatMap(({ metrics }) => {
      const metric = metricNamed(metrics, name)
      return metric?.status === 'value' ? [metric.value] : []
    })
    assert.equal(worstSlice(all, name)?.metric.value, pick(...values))
  }
  assert.equal(worstSlice(slices({ by: 'airline' }), 'roc_auc'), undefined)
})

test('asks a named slice for exactly one condition', () => {
  for (const conditions of [{}, { equals: 1, in: [1] }]) {
    const result = sliceDefinitionSchema.safeParse({ name: 'a', column: 'b', ...conditions })
    assert.match(JSON.stringify(result.error?.issues), /expected exactly one of equals, in, between/)
  }
})
