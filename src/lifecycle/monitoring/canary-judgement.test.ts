import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { judgeCanary, type CanaryInput, type CanaryRows } from './canary-judgement.ts'
import { canaryPolicySchema } from './settings.ts'

const policy = canaryPolicySchema.parse({
  metric: 'log_loss',
  margin: 0.02,
  minimum_labels: 1000,
  minimum_requests: 500,
})
const calm = { requests: 1000, errors: 0 }

/** True rates between 0.05 and 0.45; `noise` blurs what a model says about them. */
function truth(rows: number, seed: number): { readonly rates: Float64Array; readonly labels: Float64Array } {
  const random = createRandom(seed)
  const rates = Float64Array.from({ length: rows }, () => 0.05 + 0.4 * random.uniform())
  return { rates, labels: rates.map((rate) => (random.uniform() < rate ? 1 : 0)) }
}

function blurred(rates: Float64Array, noise: number): Float64Array {
  const random = createRandom(99)
  return rates.map((rate) => 1 / (1 + Math.exp(-(Math.log(rate / (1 - rate)) + noise * random.normal()))))
}

function paired(rows: number, championNoise: number, canaryNoise: number): CanaryRows {
  const { rates, labels } = truth(rows, 1)
  return {
    kind: 'paired',
    labels,
    championScores: blurred(rates, championNoise),
    canaryScores: blurred(rates, canaryNoise),
  }
}

function independent(rows: number, championNoise: number, canaryNoise: number): CanaryRows {
  const [first, second] = [truth(rows, 2), truth(rows, 3)]
  return {
    kind: 'independent',
    champion: { labels: first.labels, scores: blurred(first.rates, championNoise) },
    canary: { labels: second.labels, scores: blurred(second.rates, canaryNoise) },
  }
}

function judge(rows: CanaryRows, changed: Partial<CanaryInput> = {}) {
  return judgeCanary({ policy, task: 'binary', champion: calm, canary: calm, rows, ...changed })
}

test('promotes a better canary and gives its numbers', () => {
  const { decision, reason } = judge(independent(4000, 1.5, 0))
  assert.equal(decision, 'promote')
  assert.match(
    reason,
    /log_loss 0\.\d+ against the champion's 0\.\d+, difference -0\.\d+ \[-0\.\d+, -0\.\d+\] on 4,000 and 4,000 labels: better/,
  )
})

test('rolls back a worse one', () => {
  const { decision, reason } = judge(independent(4000, 0, 2))
  assert.equal(decision, 'roll_back')
  assert.match(reason, /worse by more than 0\.02/)
})

test('holds on too few labels, and while the interval holds both answers', () => {
  assert.match(
    judge(independent(900, 1.5, 0)).reason,
    /900 and 900 labels .* at least 1,000 of each are needed/,
  )
  const unsure = judge(independent(1000, 0.3, 0.3))
  assert.equal(unsure.decision, 'hold')
  assert.match(unsure.reason, /not yet sure/)
})

test('on the same rows, the same number of labels decides what different rows leave open', () => {
  assert.equal(judge(independent(1000, 0.3, 0.3)).decision, 'hold')
  const { decision, reason } = judge(paired(1000, 0.3, 0.25))
  assert.equal(decision, 'promote')
  assert.match(reason, /1,000 labels of both/)
})

test('a canary that fails requests is rolled back before its labels arrive', () => {
  const { decision, reason } = judge(independent(10, 0, 0), { canary: { requests: 100, errors: 6 } })
  assert.equal(decision, 'roll_back')
  assert.match(reason, /canary failed 6 of 100 requests, champion 0 of 1,000: more, p < 0\.001/)
})

test('errors that the champion makes too are no reason, and few requests no promotion', () => {
  const rows = independent(4000, 1.5, 0)
  const alike = { champion: { requests: 1000, errors: 20 }, canary: { requests: 1000, errors: 24 } }
  assert.equal(judge(rows, alike).decision, 'promote')
  assert.match(judge(rows, { canary: { requests: 100, errors: 0 } }).reason, /at least 500 requests of each/)
})

test('latency counts where it was asked for', () => {
  const rows = independent(4000, 1.5, 0)
  const slow = { champion: { ...calm, latencyP95Ms: 4 }, canary: { ...calm, latencyP95Ms: 9 } }
  assert.equal(judge(rows, slow).decision, 'promote')
  const strict = { ...policy, slowdown: 2 }
  assert.match(
    judge(rows, { ...slow, policy: strict }).reason,
    /at most 9 ms, of the champion's 4 ms: 2\.25 times, allowed are 2/,
  )
  assert.equal(judge(rows, { policy: strict }).decision, 'hold')
})

test('a metric without better and worse promotes nothing', () => {
  const { decision, reason } = judge(independent(4000, 0, 0), {
    policy: { ...policy, metric: 'calibration_gap' },
  })
  assert.deepEqual([decision, /no better and worse/.test(reason)], ['hold', true])
})
