import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from '#platform/tables/frame'
import { fitModel, scoreModel } from '#lifecycle/training/index'
import type { TrainingRequest } from '#lifecycle/training/index'
import { frameOf, labelsOf, logLossOf, plantedFeatures, plantedFrame, rmseOf } from '../planted.fixture.ts'
import { gradientBoosting } from './gradient-boosting.ts'

function fit(frame: Frame, parameters: Record<string, unknown> = {}, more: Partial<TrainingRequest> = {}) {
  const request = {
    frame,
    label: 'late',
    features: plantedFeatures,
    task: 'binary',
    seed: 0,
    parameters,
    ...more,
  } as const
  return fitModel(gradientBoosting, request)
}

const train = plantedFrame(6000, 1)
const later = plantedFrame(8000, 101)

test('is as good on unseen rows as LightGBM with the same settings', () => {
  // LightGBM 4.7, 100 trees of 31 leaves on the same rows: log loss 0.5636, RMSE 3.5999.
  const binary = fit(train)
  const loss = logLossOf(labelsOf(later, 'late'), scoreModel(gradientBoosting, binary, later))
  assert.ok(loss < 0.5636 + 0.005, `log loss ${loss}`)
  const regression = fit(train, {}, { label: 'minutes', task: 'regression' })
  const error = rmseOf(labelsOf(later, 'minutes'), scoreModel(gradientBoosting, regression, later))
  assert.ok(error < 3.5999 + 0.03, `RMSE ${error}`)
})

test('separates levels that no order of names or numbers would separate', () => {
  const { importance } = fit(train)
  assert.deepEqual(
    importance.map(({ feature }) => feature),
    ['level', 'load', 'shop', 'slot'],
  )
  const one = fit(
    train,
    { trees: 1, leaves: 2, learning_rate: 1 },
    { features: [{ name: 'shop', kind: 'category' }] },
  )
  const frame = frameOf({ shop: Array.from({ length: 40 }, (_, i) => `shop-${i}`) })
  const scores = Array.from(scoreModel(gradientBoosting, one, frame))
  const even = scores.filter((_, i) => i % 2 === 0)
  const odd = scores.filter((_, i) => i % 2 === 1)
  assert.ok(Math.max(...even) < Math.min(...odd), 'every odd shop scores above every even one')
})

test('learns which way missing values go', () => {
  const model = fit(train, { trees: 30 }, { features: [{ name: 'level', kind: 'number' }] })
  const levels = Array.from({ length: 100 }, (_, level) => level)
  const scores = scoreModel(gradientBoosting, model, frameOf({ level: [...levels, Number.NaN] }))
  const mean = (part: Float64Array) => part.reduce((sum, score) => sum + score, 0) / part.length
  const low = mean(scores.subarray(0, 60))
  const high = mean(scores.subarray(61, 100))
  const missing = scores[100] as number
  assert.ok(Math.abs(missing - high) < 0.1, `missing means high in these rows: ${low}, ${high}, ${missing}`)
  assert.ok(missing - low > 0.2)
})

test('sends missing values and unknown levels with the larger part where training had none', () => {
  const x = Array.from({ length: 1000 }, (_, i) => i)
  const frame = frameOf({ x, late: x.map((value) => Number(value >= 900)) })
  const model = fit(
    frame,
    { trees: 1, leaves: 2, learning_rate: 1 },
    { features: [{ name: 'x', kind: 'number' }] },
  )
  const [low, missing] = scoreModel(gradientBoosting, model, frameOf({ x: [0, Number.NaN] }))
  assert.equal(missing, low)
})

test('a weight of two is the row twice, and a weight of zero is no row', () => {
  const x = Array.from({ length: 400 }, (_, i) => (i * 37) % 100)
  const late = x.map((value, i) => Number(value > 40 !== (i % 5 === 0)))
  const weight = x.map((_, i) => i % 3)
  const repeated = x.flatMap((_, i) => Array.from({ length: i % 3 }, () => i))
  const features = [{ name: 'x', kind: 'number' as const }]
  const settings = { trees: 10, leaves: 4, min_leaf_rows: 1 }
  const weighted = fit(frameOf({ x, late, weight }), settings, { features, weight: 'weight' })
  const copied = fit(
    frameOf({ x: repeated.map((i) => x[i]!), late: repeated.map((i) => late[i]!) }),
    settings,
    { features },
  )
  const probe = frameOf({ x: Array.from({ length: 100 }, (_, i) => i) })
  const a = scoreModel(gradientBoosting, weighted, probe)
  const b = scoreModel(gradientBoosting, copied, probe)
  for (const [i, score] of a.entries())
    assert.ok(Math.abs(score - b[i]!) < 1e-6, `x = ${i}: ${score} and ${b[i]}`)
})

test('stops when the validation rows no longer improve, and keeps the trees up to the best', () => {
  const model = fit(
    train,
    { trees: 400, learning_rate: 0.3, early_stopping_trees: 10 },
    { validation: later },
  )
  const losses = model.history.filter(({ metric }) => metric === 'validation_log_loss')
  const best = losses.reduce((a, b) => (b.value < a.value ? b : a))
  assert.equal(losses.at(-1)?.step, best.step + 10)
  const loss = logLossOf(labelsOf(later, 'late'), scoreModel(gradientBoosting, model, later))
  assert.ok(Math.abs(loss - best.value) < 1e-9, `${loss} and ${best.value}`)
})

test('the seed decides which rows and features a tree sees, and nothing else does', () => {
  const settings = { trees: 20, row_fraction: 0.5, feature_fraction: 0.5 }
  assert.deepEqual(fit(train, settings, { seed: 5 }).onnx, fit(train, settings, { seed: 5 }).onnx)
  assert.notDeepEqual(fit(train, settings, { seed: 5 }).onnx, fit(train, settings, { seed: 6 }).onnx)
})

test('holds its limits on leaves, depth and rows in a leaf', () => {
  const nodesOf = (parameters: Record<string, unknown>) => {
    const model = fit(train, { trees: 5, ...parameters }, { features: [{ name: 'load', kind: 'number' }] })
    const { trees } = model.state as { trees: { nodes: Record<string, unknown>[] }[] }
    return trees.map(({ nodes }) => nodes)
  }
  const leavesOf = (nodes: Record<string, unknown>[]) => nodes.filter((node) => 'value' in node).length
  assert.deepEqual(nodesOf({ leaves: 7 }).map(leavesOf), [7, 7, 7, 7, 7])
  assert.ok(nodesOf({ max_depth: 2 }).every((nodes) => leavesOf(nodes) <= 4))
  assert.ok(nodesOf({ min_leaf_rows: 2000 }).every((nodes) => leavesOf(nodes) <= 3))
  assert.deepEqual(nodesOf({ min_gain: 1e9 }).map(leavesOf), [1])
})

test('shows its progress with the loss, which falls', () => {
  const seen: number[] = []
  fit(train, { trees: 30 }, { onProgress: ({ metrics }) => seen.push(...Object.values(metrics)) })
  assert.equal(seen.length, 3)
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => b - a),
  )
})
