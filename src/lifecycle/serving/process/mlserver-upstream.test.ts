import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mlserverPython, startMlserver } from '#adapters/model-runtimes/upstream/mlserver.fixture'
import { describeUpstream } from '../composed-models/describe-upstream.ts'
import { upstreamSettingsSchema } from '../deployment/upstream.ts'
import { runProcess } from './fixtures/running-process.ts'

const python = mlserverPython()
const skip = python === undefined ? 'no Python with mlserver; DEVMLOPS_TEST_PYTHON names one' : false

// It does not say that it reads tensors as bytes, and 1.7 does not.
test('MLServer answers behind a deployment, with tensors as JSON', { skip }, async (t) => {
  const far = await startMlserver(python ?? '')
  t.after(() => far.stop())
  const running = await runProcess(t)
  for (const [index, tensors] of (['auto', 'json'] as const).entries()) {
    const settings = upstreamSettingsSchema.parse({ upstream: far.url, name: 'lines', tensors })
    const described = await describeUpstream(settings, () => undefined)
    assert.equal(described.upstream.binary, false)
    assert.deepEqual(described.signature.inputs, [{ name: 'x', type: 'double', required: true, shape: [2] }])
    const variant = {
      name: 'champion',
      model: 'upstream/far',
      version: 1,
      weight: 100,
      files: [],
      ...described,
    }
    const plan = { revision: index + 1, deployments: [{ name: 'far', variants: [variant] }] }
    const accepted = await running.putPlan(plan)
    assert.equal(accepted.status, 200, accepted.text)
    const reply = await running.send('POST', '/deployments/far/predict', {
      rows: [{ x: [1, 1] }, { x: [2, 0] }],
    })
    assert.equal(reply.status, 200, reply.text)
    const { predictions } = reply.json as { predictions: { predict: number }[] }
    for (const [row, expected] of [6, 5].entries())
      assert.ok(Math.abs((predictions[row]?.predict ?? 0) - expected) < 1e-9, reply.text)
  }
})
