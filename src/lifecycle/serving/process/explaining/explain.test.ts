import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newKey } from '../../access-keys/key-secret.ts'
import type { KeyPlan } from '../../deployment/access.ts'
import { flightRow, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'
import { flightProbability, sigmoid } from '../fixtures/small-models.ts'

const path = '/deployments/flights/explain'

interface Explained {
  readonly score: number
  readonly raw_score: number
  readonly base_value: number
  readonly method: string
  readonly scale: string
  readonly compared_with: string
  readonly contributions: readonly { field: string; value: unknown; contribution: number; code: string }[]
  readonly reasons: readonly string[]
  readonly reason_codes: readonly string[]
  readonly counterfactual?: {
    readonly found: boolean
    readonly changes: readonly { field: string; from: unknown; to: unknown }[]
    readonly score: number
    readonly reason: string
  }
}

async function serving(t: TestContext, examples?: unknown): Promise<RunningProcess> {
  const running = await runProcess(t)
  const variant = flightVariant(running.files, { version: 1 })
  const stored =
    examples === undefined
      ? []
      : running.files
          .add(Buffer.from(JSON.stringify(examples)))
          .map((file) => ({ ...file, path: 'examples.json' }))
  const files = [...variant.files, ...stored]
  const plan = { revision: 1, deployments: [{ name: 'flights', variants: [{ ...variant, files }] }] }
  const accepted = await running.putPlan(plan)
  assert.equal(accepted.status, 200, accepted.text)
  return running
}

async function explained(running: RunningProcess, body: object): Promise<readonly Explained[]> {
  const { status, text, json } = await running.send('POST', path, body)
  assert.equal(status, 200, text)
  return (json as { explanations: Explained[] }).explanations
}

test('says for each row what raised and lowered its score, the strongest first, in figures and words', async (t) => {
  const running = await serving(t)
  const rows = [{ ...flightRow, distance: 2475, gate: null }, flightRow]
  const [first, second] = await explained(running, { rows, top: 1 })
  assert.equal(first?.method, 'linear_shap')
  assert.equal(first.scale, 'log_odds')
  assert.deepEqual(
    first.contributions.map(({ field }) => field),
    ['distance', 'origin', 'gate', 'hour', 'load', 'weekend'],
  )
  assert.ok(Math.abs((first.contributions[0]?.contribution ?? 0) - 2.475) < 1e-6)
  const sum = first.contributions.reduce((total, { contribution }) => total + contribution, first.base_value)
  assert.ok(Math.abs(sum - first.raw_score) < 1e-9)
  assert.ok(Math.abs(sigmoid(first.raw_score) - first.score) < 1e-6)
  assert.equal(first.contributions.find(({ field }) => field === 'gate')?.value, null)
  assert.deepEqual(first.reasons, ['distance 2,475 raised the chance by 10.8 points'])
  assert.deepEqual(first.reason_codes, ['DISTANCE'])
  assert.ok(Math.abs((second?.score ?? 0) - flightProbability(1, flightRow)) < 1e-6)
  const metrics = await running.send('GET', '/metrics')
  assert.match(
    metrics.text,
    /devmlops_explanations_total\{deployment="flights",variant="champion",method="linear_shap"\} 2/,
  )
  assert.doesNotMatch(metrics.text, /devmlops_predictions_total\{[^}]*champion/)
})

test('compares with the examples that are stored with the model', async (t) => {
  const examples = { rows: [flightRow, { ...flightRow, distance: 1500, origin: 'JFK' }] }
  const [row] = await explained(await serving(t, examples), { rows: [{ ...flightRow, distance: 1200 }] })
  assert.equal(row?.compared_with, 'examples')
  const of = (name: string) => row.contributions.find(({ field }) => field === name)?.contribution ?? 0
  // The mean distance is 1000; of the origins' effects, 1 and -1, it is 0.
  assert.ok(Math.abs(of('distance') - 0.2) < 1e-6)
  assert.ok(Math.abs(of('origin') - 1) < 1e-6)
})

test('answers the first protocol of KServe', async (t) => {
  const { send } = await serving(t)
  const { status, json } = await send('POST', '/v1/models/flights:explain', { instances: [flightRow] })
  assert.equal(status, 200)
  const { explanations } = json as { explanations: Explained[] }
  assert.equal(explanations[0]?.contributions.length, 6)
  const refused = await send('POST', '/v1/models/flights:explain', { rows: [flightRow] })
  assert.equal(refused.status, 400)
})

test('finds a change that gives another answer, to which the model itself agrees', async (t) => {
  const running = await serving(t)
  const ask = async (counterfactual: object) => {
    const [row] = await explained(running, { rows: [{ ...flightRow, distance: 100 }], counterfactual })
    return row?.counterfactual
  }
  const found = await ask({ target: { probability_below: 0.6 } })
  assert.deepEqual(found?.changes, [{ field: 'origin', from: 'ATL', to: 'JFK' }])
  assert.ok(Math.abs(found.score - flightProbability(1, { distance: 100, origin: 'JFK' })) < 1e-6)
  assert.match(found.reason, /^With origin JFK instead of ATL the answer would be 0\.52/)
  const fixed = await ask({ target: { probability_below: 0.6 }, fixed: ['origin'] })
  assert.equal(fixed?.found, false)
  assert.match(fixed.reason, /None was found with 3 changes/)
  const already = await ask({ target: { probability_above: 0.5 } })
  assert.deepEqual([already?.found, already?.changes], [true, []])
})

test('refuses what it cannot explain, and says why', async (t) => {
  const { send } = await serving(t)
  const refusal = async (body: object) => {
    const { status, text } = await send('POST', path, body)
    assert.equal(status, 400, text)
    return text
  }
  assert.match(await refusal({ rows: [] }), /rows is missing or empty/)
  assert.match(await refusal({ rows: [{ ...flightRow, distance: 'far' }] }), /rows\[0\]\.distance/)
  assert.match(await refusal({ rows: [flightRow], tops: 3 }), /unknown field/)
  assert.match(await refusal({ rows: [flightRow], top: 0 }), /top is not/)
  const counterfactual = { target: { probability_under: 1 } }
  assert.match(await refusal({ rows: [flightRow], counterfactual }), /not a goal/)
  assert.match(
    await refusal({ rows: [flightRow], counterfactual: { target: 'other', fixed: ['gait'] } }),
    /no field of the model/,
  )
  assert.equal((await send('POST', path, { rows: [flightRow], version: 9 })).status, 404)
})

test('lets keys ask why that have the scope for it, and no others', async (t) => {
  const running = await runProcess(t)
  const keys = (['predict', 'explain'] as const).map((scope) => {
    const { id, secret, digest } = newKey()
    const plan: KeyPlan = { id, digest, name: scope, scopes: [scope] }
    return { plan, header: { authorization: `Bearer ${secret}` } }
  })
  await running.putPlan({
    revision: 1,
    access: { mode: 'keys', keys: keys.map(({ plan }) => plan) },
    deployments: [{ name: 'flights', variants: [flightVariant(running.files, { version: 1 })] }],
  })
  const statuses = await Promise.all(
    keys.map(async ({ header }) => (await running.send('POST', path, { rows: [flightRow] }, header)).status),
  )
  assert.deepEqual(statuses, [403, 200])
})
