import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileFrame } from '#lifecycle/data/index'
import { createRandom } from '#platform/random'
import type { Frame } from '#platform/tables/frame'
import { deriveAlerts } from './alert.ts'
import { judgeDrift } from './drift.ts'
import { judgementSchema, type Judgement } from './findings.ts'
import { driftJudgement, performanceJudgement, persistenceIn } from './judgement.ts'
import { judgePerformance } from './realized-performance.ts'
import { decideRetraining } from './retraining-policy.ts'
import { monitorSchema, type Monitor } from './settings.ts'
import { closedWindows } from './window.ts'

const monitor: Monitor = monitorSchema.parse({
  drift: { for: 1 },
  performance: [{ metric: 'calibration_gap', within: 0.05, for: 2 }],
  retraining: { pipeline: 'train', unless_firing: ['drift'], cool_down: '28d' },
})
const windows = closedWindows(Date.UTC(2001, 3, 2), Date.UTC(2001, 4, 28), monitor.window)

interface Week {
  readonly frame: Frame
  readonly labels: Float64Array
  readonly scores: Float64Array
}

/** A distance that `scale` may break, and a model that is right while the rate of late flights stays at 0.2. */
function week(seed: number, { scale = 1, rate = 0.2 } = {}): Week {
  const random = createRandom(seed)
  const rows = 1500
  const values = Float64Array.from({ length: rows }, () => scale * Math.exp(6 + 0.6 * random.normal()))
  const labels = Float64Array.from({ length: rows }, () => (random.uniform() < rate ? 1 : 0))
  const scores = Float64Array.from({ length: rows }, () => 0.15 + 0.1 * random.uniform())
  return { frame: { rows, columns: { distance: { kind: 'number', values } } }, labels, scores }
}

const reference = profileFrame(week(1).frame)

function judgeWeek(at: number, { frame, labels, scores }: Week): Judgement[] {
  const context = { monitor: 'flight-delays', window: windows[at]!, judgedAt: windows[at]!.end }
  assert.ok(monitor.drift)
  const drift = judgeDrift({ reference, window: profileFrame(frame, reference), settings: monitor.drift })
  const input = {
    task: 'binary',
    rules: monitor.performance,
    labelled: { labels, scores },
    predictions: 1500,
  } as const
  return [
    ...drift.map((column) => driftJudgement(context, column)),
    ...judgePerformance(input).map((performance) => performanceJudgement(context, performance)),
  ]
}

function decideAfter(weeks: readonly Week[]) {
  const judgements = weeks.flatMap((one, at) => judgeWeek(at, one))
  for (const judgement of judgements) assert.deepEqual(judgementSchema.parse(judgement), judgement)
  const { alerts } = deriveAlerts(judgements, persistenceIn(monitor))
  assert.ok(monitor.retraining)
  return {
    alerts,
    decision: decideRetraining({
      policy: monitor.retraining,
      alerts,
      started: [],
      now: windows[weeks.length - 1]!.end,
    }),
  }
}

test('two weeks of decay raise an alert that starts retraining, with the numbers as its reason', () => {
  const { alerts, decision } = decideAfter([week(2), week(3, { rate: 0.1 }), week(4, { rate: 0.1 })])
  assert.deepEqual(
    alerts.map(({ kind, state }) => [kind, state]),
    [['performance', 'firing']],
  )
  assert.ok(decision.decision === 'start')
  assert.match(
    decision.reason,
    /calibration_gap within ±0\.05: 0\.\d+ \[.*\] is further from zero than 0\.05/,
  )
})

test('a broken input raises its own alert at once, and keeps its loss from being learned', () => {
  const broken = { scale: 1.609344, rate: 0.1 }
  const { alerts, decision } = decideAfter([week(2), week(3, broken), week(4, broken)])
  assert.deepEqual(alerts.map(({ kind, subject, state }) => `${state} ${kind}: ${subject}`).sort(), [
    'firing drift: distance',
    'firing performance: calibration_gap within ±0.05',
  ])
  assert.match(alerts.find((alert) => alert.kind === 'drift')!.reason, /miles → kilometres/)
  assert.ok(decision.decision === 'hold' && decision.why === 'input_fault')
})

test('quiet weeks raise nothing', () => {
  const { alerts, decision } = decideAfter([week(2), week(3), week(4), week(5)])
  assert.deepEqual(alerts, [])
  assert.ok(decision.decision === 'hold' && decision.why === 'nothing_firing')
})
