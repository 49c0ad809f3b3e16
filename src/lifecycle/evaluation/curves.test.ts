import assert from 'node:assert/strict'
import { test } from 'node:test'
import { curvesOf } from './curves.ts'
import { overconfidentRows } from './example-rows.ts'
import { prepareRows, type ScoredInput, type ScoredRows } from './scored-rows.ts'

function ready(input: ScoredInput): ScoredRows {
  const prepared = prepareRows(input)
  assert.ok(prepared.status === 'ready')
  return prepared.rows
}

test('draws the curves of scikit-learn on four rows', () => {
  const curves = curvesOf(
    ready({ task: 'binary', labels: [0, 0, 1, 1], scores: Float64Array.of(0.1, 0.4, 0.35, 0.8) }),
  )
  // sklearn.metrics.roc_curve and precision_recall_curve, the example of their documentation.
  assert.deepEqual(curves?.roc, [
    [0, 0],
    [0, 0.5],
    [0.5, 0.5],
    [0.5, 1],
    [1, 1],
  ])
  assert.deepEqual(curves?.precisionRecall, [
    [0, 1],
    [0.5, 1],
    [0.5, 0.5],
    [1, 2 / 3],
    [1, 0.5],
  ])
})

test('thins long curves without losing their shape', () => {
  const curves = curvesOf(ready(overconfidentRows(5000)))
  assert.ok(curves !== undefined)
  for (const curve of [curves.roc, curves.precisionRecall]) {
    assert.ok(curve.length <= 200 && curve.length > 150, `${curve.length} points`)
    for (const [index, [x]] of curve.entries()) assert.ok(index === 0 || x >= curve[index - 1]![0])
  }
  assert.deepEqual(
    [curves.roc[0], curves.roc.at(-1)],
    [
      [0, 0],
      [1, 1],
    ],
  )
  let area = 0
  for (const [index, [x, y]] of curves.roc.entries()) {
    const [beforeX, beforeY] = curves.roc[index - 1] ?? [0, 0]
    area += ((x - beforeX) * (y + beforeY)) / 2
  }
  assert.ok(Math.abs(area - 0.8567411574416244) < 1e-3, `area ${area}`)
})

test('draws nothing for one class', () => {
  assert.equal(
    curvesOf(ready({ task: 'binary', labels: [1, 1], scores: Float64Array.of(0.1, 0.2) })),
    undefined,
  )
})
