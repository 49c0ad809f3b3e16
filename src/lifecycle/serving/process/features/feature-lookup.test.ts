import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { writeValues } from '#lifecycle/features/values.fixture'
import { valuePath } from '#lifecycle/features/reads'
import type { FeatureLookup } from '../../deployment/features.ts'
import { readPredictions } from '../../prediction-log/read-predictions.ts'
import { predictionDirectory } from '../../prediction-log/segments.ts'
import { flightVariant, runProcess } from '../fixtures/running-process.ts'
import { flightProbability } from '../fixtures/small-models.ts'

let featureHome = ''
before(async () => {
  featureHome = mkdtempSync(join(tmpdir(), 'feature-home-'))
  await publish(500)
})
after(() => rmSync(featureHome, { recursive: true }))

/** Aircraft by number: how far they fly and from where. Aircraft 9 was last seen two hours ago, with values for an hour. */
async function publish(distance: number): Promise<void> {
  const path = valuePath(featureHome, 'aircraft', 2)
  mkdirSync(dirname(path), { recursive: true })
  const now = Date.now()
  await writeValues(path, {
    view: 'aircraft',
    version: 2,
    entity: ['tail'],
    features: ['distance', 'origin'],
    ttlMs: 3_600_000,
    entries: [
      { key: ['7'], at: now, values: [distance, 'ATL'] },
      { key: ['8'], at: now, values: [distance, null] },
      { key: ['9'], at: now - 7_200_000, values: [distance, 'ATL'] },
    ],
  })
}

const lookup: FeatureLookup = {
  view: 'aircraft',
  version: 2,
  // A whole number of the database is kept as text.
  key: [{ field: 'tail', type: 'long', stored: 'text' }],
  fields: [
    { field: 'distance', feature: 'distance' },
    { field: 'origin', feature: 'origin' },
  ],
  onMissing: 'refuse',
}

async function serving(t: TestContext, more: Partial<FeatureLookup> = {}) {
  const running = await runProcess(t, { featureHome })
  const variant = flightVariant(running.files, { version: 1, features: [{ ...lookup, ...more }] })
  const reply = await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants: [variant] }],
  })
  assert.equal(reply.status, 200, reply.text)
  const ask = (...rows: object[]) => running.send('POST', '/deployments/flights/predict', { rows })
  return { running, ask }
}

describe('features that are looked up by key', () => {
  it('fill what the client leaves out, while what it sends wins, and stand in the log', async (t) => {
    const { running, ask } = await serving(t)
    const reply = await ask(
      { tail: 7, hour: 9 },
      { tail: 7, hour: 9, origin: 'JFK' },
      { tail: 8, hour: 1, origin: 'SFO' },
    )
    assert.equal(reply.status, 200, reply.text)
    const { predictions } = reply.json as { predictions: { probability: number }[] }
    const expected = ['ATL', 'JFK', 'SFO'].map((origin) => flightProbability(1, { distance: 500, origin }))
    for (const [row, { probability }] of predictions.entries())
      assert.ok(Math.abs(probability - (expected[row] ?? 0)) < 1e-6)
    const directory = predictionDirectory(running.stateDirectory, 'flights')
    const { records } = await readPredictions({ directory, limit: 10 })
    assert.deepEqual(
      records.map(({ inputs }) => [inputs['distance'], inputs['origin'], inputs['tail']]),
      [
        [500, 'ATL', 7],
        [500, 'JFK', 7],
        [500, 'SFO', 8],
      ],
    )
  })

  it('take the newest values without a new plan', async (t) => {
    const { ask } = await serving(t)
    await ask({ tail: 7, hour: 9 })
    await publish(1500)
    const reply = await ask({ tail: 7, hour: 9 })
    await publish(500)
    const [prediction] = (reply.json as { predictions: { probability: number }[] }).predictions
    const expected = flightProbability(1, { distance: 1500, origin: 'ATL' })
    assert.ok(Math.abs((prediction?.probability ?? 0) - expected) < 1e-6)
  })

  it('refuse a key without values, and values that are too old, naming row and key', async (t) => {
    const { ask } = await serving(t)
    const unknown = await ask({ tail: 7, hour: 9 }, { tail: 404, hour: 9 })
    assert.equal(unknown.status, 400)
    assert.match(unknown.text, /row 1: aircraft has no values for tail \\"404\\"/)
    const stale = await ask({ tail: 9, hour: 9 })
    assert.match(stale.text, /row 0: aircraft has only values from .*too old/)
    const whole = await ask({ tail: 404, hour: 9, distance: 100, origin: 'ATL' })
    assert.equal(whole.status, 200, 'nothing had to be looked up')
  })

  it('leave fields empty where the rule says so, unless the model requires them', async (t) => {
    const { ask } = await serving(t, { onMissing: 'null' })
    const reply = await ask({ tail: 8, hour: 9 })
    assert.equal(reply.status, 400)
    assert.match(
      reply.text,
      /row 0: \\"origin\\" is missing, the model requires it, and aircraft has no origin/,
    )
  })

  it('show clients what they must send', async (t) => {
    const { running, ask } = await serving(t)
    const { inputs } = (await running.send('GET', '/v2/models/flights')).json as {
      inputs: { name: string }[]
    }
    assert.equal(inputs.at(-1)?.name, 'tail')
    const reply = await ask({ hour: 9 })
    assert.match(reply.text, /tail is missing; the model requires it as a long/)
  })

  it('refuse a plan whose view has no values', async (t) => {
    const running = await runProcess(t, { featureHome })
    const variant = flightVariant(running.files, { version: 1, features: [{ ...lookup, version: 3 }] })
    const reply = await running.putPlan({
      revision: 1,
      deployments: [{ name: 'flights', variants: [variant] }],
    })
    assert.equal(reply.status, 503)
    assert.match(reply.text, /aircraft@3 cannot be read.*devmlops features materialize aircraft/)
  })
})
