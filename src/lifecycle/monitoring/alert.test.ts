import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom, type Random } from '#platform/random'
import {
  changedTransitions,
  deriveAlerts,
  fingerprint,
  type AlertHistory,
  type Persistence,
} from './alert.ts'
import type { Judgement, Verdict } from './findings.ts'
import { windowAt } from './window.ts'

const weekMs = 7 * 86_400_000
const firstMs = Date.UTC(2001, 3, 2)

function judgement(week: number, verdict: Verdict, changed: Partial<Judgement> = {}): Judgement {
  return {
    monitor: 'flight-delays',
    kind: 'performance',
    subject: 'calibration_gap within 0.05',
    window: windowAt(firstMs + week * weekMs, weekMs),
    verdict,
    reason: `week ${week} is ${verdict}`,
    numbers: { value: week },
    evidence: 1000,
    judgedAt: '2001-05-01T00:00:00.000Z',
    ...changed,
  }
}

function derive(verdicts: string, persistence: Persistence): AlertHistory {
  const names: Readonly<Record<string, Verdict>> = { b: 'breached', c: 'clean', u: 'unknown' }
  return deriveAlerts(
    Array.from(verdicts, (letter, week) => judgement(week, names[letter]!)),
    () => persistence,
  )
}

/** Such as `1 quiet▸pending`. */
function steps({ transitions }: AlertHistory): string[] {
  return transitions.map((one) => `${one.numbers['value']} ${one.from}▸${one.to}`)
}

test('waits for enough breached windows in a row, and resolves after enough clean ones', () => {
  const history = derive('cbbbcc', { for: 3, resolveAfter: 2 })
  assert.deepEqual(steps(history), ['1 quiet▸pending', '3 pending▸firing', '5 firing▸resolved'])
  const [alert] = history.alerts
  assert.deepEqual(
    [
      alert?.state,
      alert?.since,
      alert?.firingSince,
      alert?.resolvedAt,
      alert?.breachedWindows,
      alert?.reason,
    ],
    [
      'resolved',
      '2001-04-09T00:00:00.000Z',
      '2001-04-30T00:00:00.000Z',
      '2001-05-14T00:00:00.000Z',
      3,
      'week 3 is breached',
    ],
  )
})

test('fires in the first window if told to', () => {
  assert.deepEqual(steps(derive('b', { for: 1, resolveAfter: 1 })), ['0 quiet▸pending', '0 pending▸firing'])
})

test('forgets a breach that does not last', () => {
  const history = derive('bcbbc', { for: 3, resolveAfter: 1 })
  assert.deepEqual(history.alerts, [])
  assert.deepEqual(steps(history), ['0 quiet▸pending', '2 quiet▸pending'])
})

test('keeps firing through a single clean window where two are needed', () => {
  assert.deepEqual(steps(derive('bcbcc', { for: 1, resolveAfter: 2 })), [
    '0 quiet▸pending',
    '0 pending▸firing',
    '4 firing▸resolved',
  ])
})

test('an unknown window neither counts nor breaks a row', () => {
  assert.deepEqual(steps(derive('bubucuuc', { for: 2, resolveAfter: 2 })), [
    '0 quiet▸pending',
    '2 pending▸firing',
    '7 firing▸resolved',
  ])
})

test('a new episode after a resolved one is a new alert with the same fingerprint', () => {
  const { alerts } = derive('bcb', { for: 1, resolveAfter: 1 })
  assert.deepEqual(
    alerts.map((alert) => alert.state),
    ['resolved', 'firing'],
  )
  assert.equal(alerts[0]?.fingerprint, alerts[1]?.fingerprint)
  assert.notEqual(alerts[0]?.id, alerts[1]?.id)
})

test('monitor, kind and subject together are the identity', () => {
  const base = { monitor: 'a', kind: 'drift', subject: 'b' } as const
  const others = [
    { ...base, monitor: 'x' },
    { ...base, kind: 'performance' as const },
    { ...base, subject: 'x' },
    { ...base, monitor: 'a"', subject: '"b' },
  ]
  assert.equal(new Set([base, ...others].map(fingerprint)).size, 5)
  // Stored with every alert: it must not change from one release to the next.
  assert.equal(fingerprint(base), 'e5a7c20edb8fb043')
})

test('later labels revise a window, and take back what was announced on fewer', () => {
  const once = { for: 1, resolveAfter: 1 }
  const before = deriveAlerts([judgement(0, 'breached', { evidence: 300 })], () => once)
  const revised = [judgement(0, 'clean', { evidence: 900 }), judgement(0, 'breached', { evidence: 300 })]
  const after = deriveAlerts(revised, () => once)
  assert.deepEqual(after.alerts, [])
  const change = changedTransitions(before.transitions, after.transitions)
  assert.deepEqual(
    change.withdrawn.map((one) => one.to),
    ['pending', 'firing'],
  )
  assert.deepEqual(change.added, [])
  assert.deepEqual(changedTransitions(after.transitions, before.transitions).added, before.transitions)
})

test('says the same whatever the order and however often the judgements come', () => {
  const random = createRandom(21)
  for (let round = 0; round < 200; round++) {
    const judgements = randomJudgements(random)
    const persistence = { for: 1 + random.below(3), resolveAfter: 1 + random.below(3) }
    const expected = deriveAlerts(judgements, () => persistence)
    const repeated = shuffled([...judgements, ...judgements.filter(() => random.uniform() < 0.5)], random)
    assert.deepEqual(
      deriveAlerts(repeated, () => persistence),
      expected,
    )
  }
})

test('arrives at the same alerts when judgements come one by one, announcing each lasting change once', () => {
  const random = createRandom(22)
  for (let round = 0; round < 50; round++) {
    const judgements = randomJudgements(random)
    const persistence = { for: 1 + random.below(3), resolveAfter: 1 }
    const announced = new Map<string, number>()
    let history: AlertHistory = { alerts: [], transitions: [] }
    for (const [index] of judgements.entries()) {
      const next = deriveAlerts(judgements.slice(0, index + 1), () => persistence)
      const { added, withdrawn } = changedTransitions(history.transitions, next.transitions)
      for (const one of added) announced.set(key(one), (announced.get(key(one)) ?? 0) + 1)
      for (const one of withdrawn) announced.set(key(one), (announced.get(key(one)) ?? 0) - 1)
      history = next
    }
    const standing = [...announced].filter(([, times]) => times !== 0)
    assert.ok(standing.every(([, times]) => times === 1))
    assert.deepEqual(standing.map(([name]) => name).sort(), history.transitions.map(key).sort())
  }
})

function key(one: AlertHistory['transitions'][number]): string {
  return `${one.alert} ${one.to} ${one.window.start}`
}

function randomJudgements(random: Random): Judgement[] {
  const verdicts = ['breached', 'breached', 'clean', 'unknown'] as const
  return Array.from({ length: 30 }, () =>
    judgement(random.below(10), verdicts[random.below(4)]!, {
      kind: random.below(2) === 0 ? 'drift' : 'performance',
      subject: ['distance', 'hour'][random.below(2)]!,
      evidence: 100 * (1 + random.below(4)),
      judgedAt: new Date(firstMs + random.below(3) * weekMs).toISOString(),
    }),
  )
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.uniform() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
