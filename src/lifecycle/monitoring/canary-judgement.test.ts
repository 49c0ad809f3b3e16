import assert from 'node:assert/strict'
import { test } from 'node:test'
import { analysisSettingsSchema } from '#lifecycle/serving/contract'
import { LogHistogram } from '#platform/statistics/log-histogram'
import { createRandom } from '#platform/random'
import type { VariantSide } from './canary-checks.ts'
import { judgeCanary, shareAlpha, type CanaryInput } from './canary-judgement.ts'

const policy = analysisSettingsSchema.parse({
  metric: 'log_loss',
  margin: 0.02,
  minimum_labels: 1000,
  minimum_requests: 500,
})

interface Traffic {
  readonly requests?: number
  readonly errors?: number
  readonly refused?: number
  /** Of a request. */
  readonly rowsEach?: number
  /** Median latency. */
  readonly latencyMs?: number
  /** Added to scores that are uniform between 0 and 0.8. */
  readonly shift?: number
}

function side(traffic: Traffic = {}, seed = 1): VariantSide {
  const { requests = 1000, errors = 0, refused = 0, rowsEach = 1, latencyMs = 4, shift = 0 } = traffic
  const random = createRandom(seed)
  const latencies = new LogHistogram()
  const scores = new LogHistogram()
  for (let request = 0; request < requests - errors; request++) {
    latencies.add(latencyMs * Math.exp(0.3 * random.normal()))
    scores.add(0.8 * random.uniform() + shift)
  }
  return {
    counts: { requests, rows: rowsEach * (requests - errors), errors, refused },
    evidence: { rows: scores.total, latencyMs: latencies.state, scores: scores.state },
  }
}

/** True rates between 0.05 and 0.45; `noise` blurs what a model says about them. */
function labelled(
  rows: number,
  championNoise: number,
  canaryNoise: number,
  canarySeed = 9,
): CanaryInput['quality'] {
  const random = createRandom(1)
  const rates = Float64Array.from({ length: rows }, () => 0.05 + 0.4 * random.uniform())
  const labels = rates.map((rate) => (random.uniform() < rate ? 1 : 0))
  const blurred = (noise: number, seed: number): Float64Array => {
    const blur = createRandom(seed)
    return rates.map((rate) => 1 / (1 + Math.exp(-(Math.log(rate / (1 - rate)) + noise * blur.normal()))))
  }
  const rowsOfBoth = {
    labels,
    championScores: blurred(championNoise, 9),
    canaryScores: blurred(canaryNoise, canarySeed),
  }
  return { task: 'binary', rows: rowsOfBoth }
}

const rollout = { strategy: 'canary', step: 0, steps: 1, isOver: true, candidates: [] } as const

function judge(changed: Partial<CanaryInput> = {}) {
  const calm = { champion: side({}, 1), canary: side({}, 2), rollout, hasTraffic: true }
  return judgeCanary({ policy, ...calm, quality: labelled(4000, 0.3, 0.3), ...changed })
}

test('promotes a better canary and gives its numbers', () => {
  const { decision, reason, checks } = judge({ quality: labelled(4000, 1.5, 0) })
  assert.equal(decision, 'promote')
  assert.match(
    reason,
    /log_loss 0\.\d+ against the champion's 0\.\d+, difference -0\.\d+ \[-0\.\d+, -0\.\d+\] on 4,000 labels of both: better/,
  )
  const metric = checks.find(({ check }) => check === 'metric')
  assert.deepEqual([metric?.seen, metric?.needed, metric?.threshold], [4000, 1000, 0.02])
  assert.ok(
    metric?.estimate != null && metric.interval?.high != null && metric.estimate < metric.interval.high,
  )
})

test('rolls back a worse one', () => {
  const { decision, reason } = judge({ quality: labelled(4000, 0, 2) })
  assert.equal(decision, 'roll_back')
  assert.match(reason, /worse by more than 0\.02/)
})

test('holds on too few labels, and while the interval holds both answers', () => {
  assert.match(
    judge({ quality: labelled(900, 1.5, 0) }).reason,
    /900 labels of both; at least 1,000 are needed/,
  )
  const unsure = judge({ quality: labelled(1000, 0.5, 0.5, 10), policy: { ...policy, margin: 0 } })
  assert.deepEqual([unsure.decision, /not yet sure/.test(unsure.reason)], ['hold', true])
})

test('does not wait for labels before the last step, and advances without promoting', () => {
  const early = judge({ quality: labelled(10, 0, 0), rollout: { ...rollout, steps: 3 } })
  assert.equal(early.decision, 'advance')
  assert.match(early.reason, /10 labels of both; at least 1,000 are needed/)
  const last = { ...rollout, step: 2, steps: 3 }
  assert.equal(judge({ quality: labelled(10, 0, 0), rollout: last }).decision, 'hold')
  assert.equal(judge({ rollout: last }).decision, 'promote')
  assert.equal(judge({ rollout: { ...last, isOver: false } }).decision, 'advance')
})

test('a canary that fails requests is rolled back before its labels arrive', () => {
  const { decision, reason } = judge({ quality: undefined, canary: side({ requests: 100, errors: 12 }) })
  assert.equal(decision, 'roll_back')
  assert.match(
    reason,
    /canary failed 12 of 100 requests, champion 0 of 1,000, difference 12 % \[\d.*\]: more/,
  )
})

test('a canary that refuses what the champion takes is rolled back, though the status says that callers are at fault', () => {
  const { decision, reason } = judge({ canary: side({ requests: 500, refused: 60 }, 2) })
  assert.equal(decision, 'roll_back')
  assert.match(reason, /canary refused 60 of 560 requests, champion 0 of 1,000/)
  const careless = { champion: side({ refused: 60 }), canary: side({ refused: 55 }, 2) }
  assert.equal(judge(careless).decision, 'promote')
})

test('says nothing after ten requests, whatever became of them', () => {
  const broken = judge({ canary: side({ requests: 10, errors: 10 }) })
  assert.deepEqual([broken.decision, broken.checks[0]?.verdict], ['hold', 'wait'])
  assert.match(broken.reason, /10 of 500 predictions of each seen/)
  const calm = judge({ canary: side({ requests: 10 }), champion: side({ requests: 10 }) })
  assert.equal(calm.decision, 'hold')
  const silent: VariantSide = { counts: { requests: 0, rows: 0, errors: 0, refused: 0 }, evidence: undefined }
  assert.equal(judge({ canary: silent, champion: silent }).decision, 'hold')
})

test('few requests of many rows have seen enough, but one that fails is one failure', () => {
  const [champion, canary] = [side({ requests: 10, rowsEach: 100 }), side({ requests: 11, rowsEach: 90 }, 2)]
  assert.equal(judge({ champion, canary }).decision, 'promote')
  const failing = side({ requests: 11, errors: 1, rowsEach: 90 }, 2)
  assert.equal(judge({ champion, canary: failing }).decision, 'promote')
})

test('errors that the champion makes too are no reason; suspicion is one to wait', () => {
  const champion = side({ errors: 20 })
  assert.equal(judge({ champion, canary: side({ errors: 24 }, 2) }).decision, 'promote')
  const suspect = judge({ champion, canary: side({ errors: 55 }, 2) })
  assert.equal(suspect.decision, 'hold')
  assert.match(suspect.reason, /the evidence for more is \d+(\.\d+)?, proof is 2,000/)
})

test('latency counts where it was asked for, and is always told', () => {
  const slow = { canary: side({ latencyMs: 12 }, 2) }
  const told = judge(slow)
  assert.equal(told.decision, 'promote')
  assert.match(told.reason, /95 % of the canary's answers take at most \d+.* ms.*: \d.* times \[/)
  const strict = { ...policy, slowdown: 1.5 }
  const { decision, reason } = judge({ ...slow, policy: strict })
  assert.deepEqual([decision, /allowed are 1\.5/.test(reason)], ['roll_back', true])
  assert.equal(judge({ policy: strict }).decision, 'promote')
  const near = judge({ canary: side({ latencyMs: 6.4, requests: 600 }, 2), policy: strict })
  assert.deepEqual([near.decision, /not proven yet/.test(near.reason)], ['hold', true])
})

test('other scores are told, and end the rollout only beyond a limit', () => {
  const moved = { canary: side({ shift: 0.3, requests: 4000 }, 2), champion: side({ requests: 4000 }) }
  const told = judge(moved)
  assert.equal(told.decision, 'promote')
  const check = told.checks.find((one) => one.check === 'scores')
  assert.ok((check?.estimate ?? 0) > 0.3, `${check?.estimate}`)
  assert.equal(judge({ ...moved, policy: { ...policy, score_shift: 0.1 } }).decision, 'roll_back')
  assert.equal(judge({ ...moved, policy: { ...policy, score_shift: 0.6 } }).decision, 'promote')
})

test('before a switch only labels judge, and nothing waits for requests that do not come', () => {
  const green = { rollout: { ...rollout, strategy: 'blue_green' as const }, hasTraffic: false }
  assert.deepEqual(
    judge(green).checks.map(({ check }) => check),
    ['metric'],
  )
  const { metric: _, ...plain } = policy
  const switched = judge({ ...green, policy: plain })
  assert.deepEqual(
    [switched.decision, switched.reason],
    ['promote', 'nothing to judge before it has traffic'],
  )
})

test('a shadow never takes over by numbers, and an A/B test is decided by somebody', () => {
  assert.equal(judge({ rollout: { ...rollout, strategy: 'shadow' } }).decision, 'advance')
  assert.equal(judge({ rollout: { ...rollout, strategy: 'ab' } }).decision, 'hold')
})

test('a metric without better and worse promotes nothing', () => {
  const { decision, reason } = judge({ policy: { ...policy, metric: 'calibration_gap' } })
  assert.deepEqual([decision, /no better and worse/.test(reason)], ['hold', true])
})

test('shares alpha so that the parts of all checks and steps add up to no more', () => {
  for (const steps of [1, 4]) {
    const all = { ...policy, slowdown: 2, score_shift: 0.2 }
    const parts = shareAlpha({ policy: all, rollout: { ...rollout, steps }, hasTraffic: true })
    const sum = parts.metric + steps * (parts.errors + parts.refusals + parts.latency + parts.scores)
    assert.ok(sum <= policy.alpha + 1e-12 && sum > 0.99 * policy.alpha, `${sum}`)
  }
})
