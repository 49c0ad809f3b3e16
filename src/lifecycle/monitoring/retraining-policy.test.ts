import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from './findings.ts'
import { retrainingPolicySchema } from './settings.ts'
import { decideRetraining, type RetrainingDecision } from './retraining-policy.ts'

const policy = retrainingPolicySchema.parse({
  pipeline: 'train',
  when: ['performance'],
  unless_firing: ['drift'],
  cool_down: '28d',
})

function alert(kind: Alert['kind'], changed: Partial<Alert> = {}): Alert {
  return {
    id: `${kind}-1`,
    fingerprint: kind,
    monitor: 'flight-delays',
    kind,
    subject: kind === 'drift' ? 'distance' : 'calibration_gap within ±0.05',
    state: 'firing',
    since: '2001-04-23T00:00:00.000Z',
    firingSince: '2001-05-07T00:00:00.000Z',
    resolvedAt: null,
    breachedWindows: 2,
    window: { start: '2001-04-30T00:00:00.000Z', end: '2001-05-07T00:00:00.000Z' },
    reason: 'the model promises too much',
    numbers: {},
    ...changed,
  }
}

function decide(alerts: readonly Alert[], lastStartedAt?: string): RetrainingDecision {
  const started = lastStartedAt === undefined ? [] : [{ at: lastStartedAt, fingerprints: [] }]
  return decideRetraining({ policy, alerts, now: '2001-05-07T00:00:00.000Z', started })
}

test('a firing alert starts the pipeline and is the reason', () => {
  assert.deepEqual(decide([alert('performance')]), {
    decision: 'start',
    pipeline: 'train',
    because: ['performance-1'],
    reason: 'the model promises too much',
  })
})

test('nothing starts without a firing alert of the right kind', () => {
  const others = [alert('performance', { state: 'pending' }), alert('performance', { state: 'resolved' })]
  assert.equal(decide([...others, alert('drift')]).decision, 'hold')
  assert.match(decide(others).reason, /no performance alert is firing/)
})

test('a fault of the input holds it back, and is named', () => {
  const decision = decide([alert('performance'), alert('drift')])
  assert.ok(decision.decision === 'hold' && decision.why === 'input_fault')
  assert.match(decision.reason, /drift of distance is firing: .* retraining would bake it in/)
})

test('a fault that is over still explains a loss that lay within it, and no other', () => {
  const fault = alert('drift', { state: 'resolved', resolvedAt: '2001-05-14T00:00:00.000Z' })
  const within = decide([alert('performance'), fault])
  assert.ok(within.decision === 'hold' && within.why === 'input_fault')
  assert.equal(decide([alert('performance', { since: '2001-04-09T00:00:00.000Z' }), fault]).decision, 'start')
  // The window that found the input whole again.
  const after = { start: '2001-05-07T00:00:00.000Z', end: '2001-05-14T00:00:00.000Z' }
  assert.equal(decide([alert('performance', { since: after.start, window: after }), fault]).decision, 'start')
})

test('waits until the cool-down is over, and not longer', () => {
  const decision = decide([alert('performance')], '2001-04-10T00:00:00.000Z')
  assert.ok(decision.decision === 'hold' && decision.why === 'cool_down')
  assert.equal(decision.until, '2001-05-08T00:00:00.000Z')
  assert.match(decision.reason, /cool-down of 28d/)
  assert.equal(decide([alert('performance')], '2001-04-09T00:00:00.000Z').decision, 'start')
})

test('an episode starts the pipeline once, even if late labels move its beginning; the next episode may again', () => {
  const started = [{ at: '2001-04-25T00:00:00.000Z', fingerprints: ['performance'] }]
  const ask = (changed: Partial<Alert>, at = '2001-09-03T00:00:00.000Z') =>
    decideRetraining({ policy, alerts: [alert('performance', changed)], now: at, started })
  const same = ask({})
  assert.ok(same.decision === 'hold' && same.why === 'already_started')
  const moved = ask({ id: 'performance-0', since: '2001-04-16T00:00:00.000Z' })
  assert.ok(moved.decision === 'hold' && moved.why === 'already_started')
  assert.equal(ask({ id: 'performance-2', since: '2001-08-20T00:00:00.000Z' }).decision, 'start')
})
