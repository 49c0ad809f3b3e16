import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flightRow, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'

async function started(t: Parameters<typeof runProcess>[0], more: object): Promise<RunningProcess> {
  const running = await runProcess(t)
  const variants = [
    flightVariant(running.files, { version: 1, weight: 50 }),
    flightVariant(running.files, { version: 2, weight: 50, name: 'canary' }),
  ]
  const { status, text } = await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants, ...more }],
  })
  assert.equal(status, 200, text)
  return running
}

async function variantFor(running: RunningProcess, headers: Record<string, string>): Promise<string> {
  const { status, json, text } = await running.send(
    'POST',
    '/deployments/flights/predict',
    { rows: [flightRow] },
    headers,
  )
  assert.equal(status, 200, text)
  return (json as { predictions: { variant: string }[] }).predictions[0]?.variant ?? ''
}

test('sticks to the value of a header, in every protocol', async (t) => {
  const running = await started(t, { sticky: { by: 'header', header: 'x-user-id' } })
  const seen = new Set<string>()
  for (let user = 0; user < 24; user++) {
    const headers = { 'x-user-id': `user-${user}` }
    const variant = await variantFor(running, headers)
    seen.add(variant)
    assert.equal(await variantFor(running, headers), variant)
    const inputs = [
      { name: 'distance', shape: [1], datatype: 'INT64', data: [1] },
      { name: 'hour', shape: [1], datatype: 'INT32', data: [1] },
      { name: 'origin', shape: [1], datatype: 'BYTES', data: ['ATL'] },
    ]
    const { json } = await running.send('POST', '/v2/models/flights/infer', { inputs }, headers)
    assert.equal((json as { parameters: { variant: string } }).parameters.variant, variant)
  }
  assert.deepEqual([...seen].sort(), ['canary', 'champion'])
})

test('a header chooses a variant where the release allows previews, and is refused where it does not', async (t) => {
  const open = await started(t, { rollout: { preview: true } })
  for (const variant of ['canary', 'champion', 'canary']) {
    assert.equal(await variantFor(open, { 'x-devmlops-variant': variant }), variant)
  }
  const unknown = await open.send(
    'POST',
    '/deployments/flights/predict',
    { rows: [flightRow] },
    { 'x-devmlops-variant': 'green' },
  )
  assert.deepEqual([unknown.status, /no variant .*green/.test(unknown.text)], [404, true])
  const closed = await started(t, {})
  const refused = await closed.send(
    'POST',
    '/deployments/flights/predict',
    { rows: [flightRow] },
    { 'x-devmlops-variant': 'canary' },
  )
  assert.deepEqual([refused.status, /preview: true/.test(refused.text)], [403, true])
})
