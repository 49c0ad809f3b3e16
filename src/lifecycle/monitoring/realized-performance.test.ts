import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricValue } from '#lifecycle/evaluation/index'
import { createRandom } from '#platform/random'
import { performanceRuleSchema } from './settings.ts'
import { judgePerformance, type LabelledRows, type RealizedPerformance } from './realized-performance.ts'

/** Scores around 0.2; `gap` is how much more the model promises than happens. */
function labelled(rows: number, gap: number, seed = 1): LabelledRows {
  const random = createRandom(seed)
  const scores = Float64Array.from({ length: rows }, () => 0.1 + 0.2 * random.uniform())
  return { scores, labels: scores.map((score) => (random.uniform() < score - gap ? 1 : 0)) }
}

interface Case {
  readonly rows: LabelledRows
  readonly predictions?: number
  readonly reference?: readonly MetricValue[]
}

function judge(rule: object, { rows, predictions, reference }: Case): RealizedPerformance {
  const [result] = judgePerformance({
    task: 'binary',
    rules: [performanceRuleSchema.parse(rule)],
    labelled: rows,
    predictions: predictions ?? rows.labels.length,
    ...(reference === undefined ? {} : { reference }),
  })
  assert.ok(result)
  return result
}

const gapRule = { metric: 'calibration_gap', within: 0.05, minimum_labels: 500 }

test('a gap that is surely outside is a breach, with its numbers in the reason', () => {
  const found = judge(gapRule, { rows: labelled(2000, 0.09), predictions: 2500 })
  assert.equal(found.verdict, 'breached')
  assert.equal(found.coverage, 0.8)
  assert.match(
    found.reason,
    /^calibration_gap within ±0\.05: 0\.\d+ \[0\.\d+, 0\.\d+\] is further from zero than 0\.05 \(2,000 labels, 80 % of the predictions\)$/,
  )
  const other = judge(gapRule, { rows: labelled(2000, -0.15) })
  assert.equal(other.verdict, 'breached')
})

test('a value on the good side is clean, and one that may be on either side is unknown', () => {
  assert.equal(judge(gapRule, { rows: labelled(2000, 0) }).verdict, 'clean')
  const unsure = judge(gapRule, { rows: labelled(600, 0.06, 3) })
  assert.equal(unsure.verdict, 'unknown')
  assert.match(unsure.reason, /but its interval is not/)
  assert.equal(judge({ ...gapRule, judge: 'point' }, { rows: labelled(600, 0.06, 3) }).verdict, 'breached')
})

test('too few labels, or too small a share of them, are no verdict', () => {
  assert.match(judge(gapRule, { rows: labelled(400, 0.1) }).reason, /400 labels.*at least 500 are needed/)
  const thin = judge({ ...gapRule, minimum_coverage: 0.5 }, { rows: labelled(600, 0.1), predictions: 3000 })
  assert.deepEqual([thin.verdict, thin.coverage], ['unknown', 0.2])
  assert.match(thin.reason, /at least 50 % are needed/)
})

test('a metric that has no value is no verdict, and says why', () => {
  const rows = { scores: Float64Array.from({ length: 300 }, () => 0.2), labels: new Float64Array(300) }
  const found = judge({ metric: 'roc_auc', at_least: 0.6 }, { rows })
  assert.equal(found.verdict, 'unknown')
  assert.match(judge({ metric: 'rmse', at_most: 1 }, { rows }).reason, /rmse is no metric of a binary task/)
})

test('compares with the evaluation of the model, and counts what is uncertain on both sides', () => {
  const logLoss = (value: number, spread: number): MetricValue => ({
    status: 'value',
    name: 'log_loss',
    value,
    interval: { low: value - spread, high: value + spread, level: 0.95, method: 'normal' },
    n: 1000,
    higherIsBetter: false,
  })
  const rule = { metric: 'log_loss', worse_than_reference_by: 0.03 }
  const rows = labelled(5000, 0)
  const found = judge(rule, { rows, reference: [logLoss(0.4, 0.01)] })
  assert.equal(found.verdict, 'breached')
  assert.match(found.reason, /against 0\.4 at evaluation, difference .* is worse by more than 0\.03/)
  assert.equal(judge(rule, { rows, reference: [logLoss(0.4, 0.3)] }).verdict, 'unknown')
  assert.equal(judge(rule, { rows, reference: [logLoss(0.6, 0.01)] }).verdict, 'clean')
  assert.match(judge(rule, { rows }).reason, /evaluated without log_loss/)
})

test('floors and ceilings look at the bad side only', () => {
  const rows = labelled(3000, 0)
  assert.equal(judge({ metric: 'roc_auc', at_least: 0.9 }, { rows }).verdict, 'breached')
  assert.equal(judge({ metric: 'roc_auc', at_least: 0.5 }, { rows }).verdict, 'clean')
  assert.equal(judge({ metric: 'brier_score', at_most: 0.01 }, { rows }).verdict, 'breached')
  assert.equal(judge({ metric: 'brier_score', at_most: 0.3 }, { rows }).verdict, 'clean')
})
