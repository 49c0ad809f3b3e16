import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Comparison, Interval, MetricName, MetricValue, SliceResult } from './contract.ts'
import { type Gate, type GateResult, gateResultSchema, gateSchema } from './gate.ts'
import type { Evidence } from './gate-evidence.ts'
import { judgeGates } from './judge-gate.ts'
import { metrics } from './measure.ts'

type Ends = readonly [low: number, high: number]

function interval([low, high]: Ends): Interval {
  return { low, high, level: 0.95, method: 'test' }
}

function metric(name: MetricName, value: number, ends: Ends): MetricValue {
  const { higherIsBetter } = metrics[name]
  return { status: 'value', name, value, interval: interval(ends), n: 1000, higherIsBetter }
}

function compared(
  name: MetricName,
  [candidate, reference]: readonly [number, number],
  ends: Ends,
): Comparison {
  const { higherIsBetter } = metrics[name]
  const difference = candidate - reference
  return {
    status: 'value',
    name,
    candidate,
    reference,
    difference,
    interval: interval(ends),
    method: 'test',
    n: 1000,
    higherIsBetter,
  }
}

function slice(name: string, of: MetricValue, more: Partial<SliceResult> = {}): SliceResult {
  return { name, column: 'origin', named: false, n: 1000, tooSmall: false, metrics: [of], ...more }
}

function judge(gate: unknown, evidence: Partial<Evidence>): GateResult {
  const parsed: Gate = gateSchema.parse(gate)
  const [result] = judgeGates([parsed], {
    metrics: [],
    slices: [],
    references: { champion: { status: 'none' }, baseline: { status: 'none' } },
    ...evidence,
  })
  assert.ok(result !== undefined)
  assert.deepEqual(gateResultSchema.parse(result), result)
  return result
}

function mistakes(gate: unknown): readonly string[] {
  return gateSchema.safeParse(gate).error?.issues.map(({ message }) => message) ?? []
}

const auc = metric('roc_auc', 0.681, [0.679, 0.683])

test('judges a floor by the value and says so in one sentence', () => {
  const passed = judge({ metric: 'roc_auc', at_least: 0.65 }, { metrics: [auc] })
  assert.equal(passed.outcome, 'passed')
  assert.equal(passed.gate, 'roc_auc at least 0.65')
  assert.equal(passed.reason, 'roc_auc 0.681 [0.679, 0.683] is at least 0.65')
  assert.deepEqual(passed.observed, { value: 0.681, interval: interval([0.679, 0.683]) })
  assert.deepEqual(passed.required, { bound: 0.65, side: 'at_least' })
  const failed = judge(
    { metric: 'log_loss', at_most: 0.4 },
    { metrics: [metric('log_loss', 0.41, [0.39, 0.43])] },
  )
  assert.equal(failed.outcome, 'failed')
  assert.equal(failed.reason, 'log_loss 0.410 [0.390, 0.430] is not at most 0.4')
})

test('judges the far end of the interval when the gate asks for it', () => {
  const gate = { metric: 'roc_auc', at_least: 0.68 }
  assert.equal(judge(gate, { metrics: [auc] }).outcome, 'passed')
  const strict = judge({ ...gate, judge: 'interval' }, { metrics: [auc] })
  assert.equal(strict.outcome, 'failed')
  assert.equal(strict.reason, 'the interval of roc_auc 0.681 [0.679, 0.683] is not at least 0.68')
})

test('keeps a signed metric near zero', () => {
  const gap = metric('calibration_gap', -0.03, [-0.05, -0.01])
  assert.equal(judge({ metric: 'calibration_gap', within: 0.04 }, { metrics: [gap] }).outcome, 'passed')
  assert.equal(judge({ metric: 'calibration_gap', within: 0.02 }, { metrics: [gap] }).outcome, 'failed')
  assert.equal(
    judge({ metric: 'calibration_gap', within: 0.04, judge: 'interval' }, { metrics: [gap] }).outcome,
    'failed',
  )
})

test('shows enough digits for a near miss to be understood', () => {
  const near = metric('roc_auc', 0.64996, [0.64, 0.66])
  assert.equal(
    judge({ metric: 'roc_auc', at_least: 0.65 }, { metrics: [near] }).reason,
    'roc_auc 0.64996 [0.640, 0.660] is not at least 0.65',
  )
})

test('fails what cannot be computed and says why', () => {
  const gate = { metric: 'roc_auc', at_least: 0.65 }
  const undefinedAuc: MetricValue = {
    status: 'undefined',
    name: 'roc_auc',
    reason: 'all rows are negative',
    n: 9,
  }
  const brokenAuc: MetricValue = {
    status: 'error',
    name: 'roc_auc',
    reason: '3 of 9 rows have a score that is NaN',
  }
  const reasons = [[undefinedAuc], [brokenAuc], []].map((values) => {
    const { outcome, reason, observed } = judge(gate, { metrics: values })
    assert.deepEqual([outcome, observed], ['failed', null])
    return reason
  })
  assert.deepEqual(reasons, [
    'cannot be judged, so it fails: roc_auc is undefined: all rows are negative',
    'cannot be judged, so it fails: roc_auc failed: 3 of 9 rows have a score that is NaN',
    'cannot be judged, so it fails: roc_auc was not computed',
  ])
})

test('compares with the champion by the end of the interval that is worse', () => {
  const gate = { metric: 'log_loss', no_worse_than: 'champion', by: 0.005 }
  const against = (ends: Ends): GateResult => {
    const comparisons = [compared('log_loss', [0.418, 0.416], ends)]
    return judge(gate, {
      references: { champion: { status: 'compared', comparisons }, baseline: { status: 'none' } },
    })
  }
  const passed = against([-0.0005, 0.0045])
  assert.equal(passed.outcome, 'passed')
  assert.deepEqual(passed.required, { bound: 0.005, side: 'at_most' })
  const failed = against([-0.004, 0.008])
  assert.equal(failed.outcome, 'failed')
  assert.equal(
    failed.reason,
    "log_loss is 0.418 against the champion's 0.416, a difference of 0.002 [-0.004, 0.008]: " +
      'it may be worse by 0.008, and 0.005 is allowed',
  )
})

test('knows which side is better when it compares', () => {
  const evidence = (comparison: Comparison): Partial<Evidence> => ({
    references: { champion: { status: 'none' }, baseline: { status: 'compared', comparisons: [comparison] } },
  })
  const better = evidence(compared('roc_auc', [0.68, 0.5], [0.17, 0.19]))
  assert.equal(judge({ metric: 'roc_auc', better_than: 'baseline' }, better).outcome, 'passed')
  assert.equal(judge({ metric: 'roc_auc', better_than: 'baseline', by: 0.18 }, better).outcome, 'failed')
  assert.equal(
    judge({ metric: 'roc_auc', better_than: 'baseline', by: 0.17, judge: 'point' }, better).outcome,
    'passed',
  )
  const lower = evidence(compared('brier_score', [0.2, 0.25], [-0.06, -0.04]))
  const result = judge({ metric: 'brier_score', better_than: 'baseline', by: 0.03 }, lower)
  assert.equal(result.outcome, 'passed')
  assert.deepEqual(result.required, { bound: -0.03, side: 'less_than' })
  const same = evidence(compared('roc_auc', [0.5, 0.5], [0, 0]))
  assert.equal(judge({ metric: 'roc_auc', better_than: 'baseline' }, same).outcome, 'failed')
  assert.equal(judge({ metric: 'roc_auc', no_worse_than: 'baseline', by: 0 }, same).outcome, 'passed')
})

test('skips, in plain sight, only a comparison with a champion that does not exist', () => {
  const champion = judge({ metric: 'roc_auc', no_worse_than: 'champion', by: 0.01 }, {})
  assert.equal(champion.outcome, 'skipped')
  assert.equal(champion.reason, 'there is no champion to compare with: this is the first version')
  const baseline = judge({ metric: 'roc_auc', better_than: 'baseline' }, {})
  assert.equal(baseline.outcome, 'failed')
  assert.match(baseline.reason, /there is no baseline among the candidates/)
  const lost = judge(
    { metric: 'roc_auc', no_worse_than: 'champion', by: 0.01 },
    {
      references: {
        champion: { status: 'unavailable', reason: 'its file is damaged' },
        baseline: { status: 'none' },
      },
    },
  )
  assert.equal(lost.outcome, 'failed')
  assert.match(lost.reason, /the champion could not be scored: its file is damaged/)
})

test('judges the worst slice and counts those that were too small', () => {
  const tooSmall: MetricValue = {
    status: 'undefined',
    name: 'roc_auc',
    reason: '12 rows are fewer than min_rows 200',
    n: 12,
  }
  const slices = [
    slice('origin: JFK', metric('roc_auc', 0.7, [0.68, 0.72])),
    slice('origin: LAX', metric('roc_auc', 0.56, [0.5, 0.62])),
    slice('origin: 9 other values', tooSmall, { tooSmall: true, n: 12 }),
  ]
  const passed = judge({ metric: 'roc_auc', worst_slice_at_least: 0.55 }, { slices })
  assert.equal(passed.outcome, 'passed')
  assert.equal(
    passed.reason,
    'the worst slice, origin: LAX, has roc_auc 0.560 [0.500, 0.620], which is at least 0.55 (2 slices judged, 1 too small to judge)',
  )
  assert.equal(judge({ metric: 'roc_auc', worst_slice_at_least: 0.6 }, { slices }).outcome, 'failed')
  assert.equal(
    judge({ metric: 'roc_auc', worst_slice_at_least: 0.6, slices: ['origin: JFK'] }, { slices }).outcome,
    'passed',
  )
  assert.equal(
    judge({ metric: 'roc_auc', worst_slice_at_least: 0.55, judge: 'interval' }, { slices }).outcome,
    'failed',
  )
})

test('fails a worst slice that has a hole in its evidence', () => {
  const good = slice('origin: JFK', metric('roc_auc', 0.7, [0.68, 0.72]))
  const oneClass: MetricValue = {
    status: 'undefined',
    name: 'roc_auc',
    reason: 'all rows are negative',
    n: 900,
  }
  const empty: MetricValue = {
    status: 'undefined',
    name: 'roc_auc',
    reason: 'no row belongs to this slice',
    n: 0,
  }
  const gate = { metric: 'roc_auc', worst_slice_at_least: 0.5 }
  const reasonOf = (slices: readonly SliceResult[]): string => {
    const { outcome, reason } = judge(gate, { slices })
    assert.equal(outcome, 'failed')
    return reason
  }
  assert.match(
    reasonOf([good, slice('origin: LAX', oneClass)]),
    /slice origin: LAX: roc_auc is undefined: all rows are neg/,
  )
  assert.match(
    reasonOf([good, slice('typo', empty, { named: true, tooSmall: true, n: 0 })]),
    /slice typo: .* no row belongs/,
  )
  assert.match(reasonOf([slice('small', oneClass, { tooSmall: true })]), /all 1 slices are too small/)
  assert.match(reasonOf([]), /the model has no slices/)
})

test('refuses gates that are a slip of the pen', () => {
  assert.match(mistakes({ metric: 'roc_auc' })[0] ?? '', /expected exactly one of at_least, at_most/)
  assert.match(mistakes({ metric: 'roc_auc', at_least: 0.5, at_most: 0.9 })[0] ?? '', /expected exactly one/)
  assert.deepEqual(mistakes({ metric: 'log_loss', at_least: 0.4 }), [
    'log_loss is better when lower: write at_most',
  ])
  assert.deepEqual(mistakes({ metric: 'roc_auc', worst_slice_at_most: 0.4 }), [
    'roc_auc is better when higher: write worst_slice_at_least',
  ])
  assert.match(mistakes({ metric: 'roc_auc', no_worse_than: 'champion' })[0] ?? '', /needs `by`/)
  assert.match(mistakes({ metric: 'roc_auc', at_least: 0.5, by: 0.1 })[0] ?? '', /`by` belongs to/)
  assert.match(mistakes({ metric: 'positive_rate', better_than: 'baseline' })[0] ?? '', /has no better side/)
  assert.match(
    mistakes({ metric: 'roc_auc', within: 0.1 })[0] ?? '',
    /within is for calibration_gap and mean_error/,
  )
  assert.match(mistakes({ metric: 'roc_auc', at_least: 0.5, slices: ['a'] })[0] ?? '', /`slices` belongs to/)
})
