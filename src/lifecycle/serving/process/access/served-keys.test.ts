import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newKey } from '../../access-keys/key-secret.ts'
import type { KeyPlan } from '../../deployment/access.ts'
import { flightRow, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'

const path = '/deployments/flights/predict'
const body = { rows: [flightRow] }

function keyWith(given: Partial<KeyPlan>) {
  const { id, secret, digest } = newKey()
  const plan: KeyPlan = { id, digest, name: 'shop', scopes: ['predict'], ...given }
  return { plan, header: { authorization: `Bearer ${secret}` } }
}

async function serving(
  t: Parameters<typeof runProcess>[0],
  given: Parameters<typeof runProcess>[1] = {},
): Promise<RunningProcess & { use(access: object, wideDigest: string): Promise<number> }> {
  const running = await runProcess(t, given)
  const variants = [flightVariant(running.files, { version: 1 })]
  const deployments = ['flights', 'trains'].map((name) => ({ name, variants }))
  const use = async (access: object, wideDigest: string): Promise<number> =>
    (await running.putPlan({ revision: 1, wideDigest, access, deployments })).status
  return { ...running, use }
}

test('answers keys as far as they may, names them, and refuses one from the plan on that lacks it', async (t) => {
  const { send, use } = await serving(t, { callerToken: 'operator' })
  const shop = keyWith({ deployments: ['flights'] })
  const prometheus = keyWith({ name: 'prometheus', scopes: ['metrics'] })
  const signing = 'off'
  assert.equal(await use({ mode: 'keys', keys: [shop.plan, prometheus.plan], signing }, 'a'), 200)
  assert.equal((await send('POST', path, body)).status, 401)
  assert.equal((await send('POST', path, body, shop.header)).status, 200)
  assert.equal((await send('POST', path, body, { authorization: 'Bearer operator' })).status, 200)
  assert.equal((await send('POST', '/deployments/trains/predict', body, shop.header)).status, 403)
  assert.equal((await send('POST', '/v2/models/trains/infer', { inputs: [] }, shop.header)).status, 403)
  assert.equal((await send('GET', '/metrics', undefined, shop.header)).status, 403)
  assert.equal((await send('POST', path, body, prometheus.header)).status, 403)
  assert.equal((await send('GET', '/v2/health/ready')).status, 200)
  const metrics = (await send('GET', '/metrics', undefined, prometheus.header)).text
  assert.match(metrics, /devmlops_caller_requests_total\{caller="shop",outcome="answered"\} 1/)
  assert.match(metrics, /devmlops_requests_total\{deployment="flights",variant="",code="401"\} 1/)
  // The same deployments and revision: only what holds for all of them is new.
  assert.equal(await use({ mode: 'keys', keys: [] }, 'b'), 200)
  assert.equal((await send('POST', path, body, shop.header)).status, 401)
})

test('tells a key what is left of its rate, and when to come again', async (t) => {
  const { send, use } = await serving(t)
  const shop = keyWith({ rate: { requests: 2, perMs: 60_000 } })
  await use({ keys: [shop.plan] }, 'a')
  const first = await send('POST', path, body, shop.header)
  assert.equal(first.headers.get('ratelimit-policy'), '"key";q=2;w=60')
  assert.match(first.headers.get('ratelimit') ?? '', /^"key";r=1;t=\d+$/)
  await send('POST', path, body, shop.header)
  const third = await send('POST', path, body, shop.header)
  assert.equal(third.status, 429)
  assert.ok(Number(third.headers.get('retry-after')) >= 20, third.headers.get('retry-after') ?? '')
  assert.match(third.text, /used up its rate/)
  // Nobody needs a key here, but one that is shown is one that counts.
  assert.equal((await send('POST', path, body)).status, 200)
  const metrics = (await send('GET', '/metrics')).text
  assert.match(metrics, /devmlops_requests_rejected_total\{deployment="flights",variant="",reason="rate"\} 1/)
})

test('lets web pages of the listed origins ask, and no others', async (t) => {
  const { send, use } = await serving(t)
  await use({ cors: ['https://app.example'] }, 'a')
  const ask = { 'access-control-request-method': 'POST' }
  const allowed = await send('OPTIONS', path, undefined, { origin: 'https://app.example', ...ask })
  assert.equal(allowed.status, 204)
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example')
  assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /authorization/)
  for (const origin of ['https://app.example.evil', 'http://app.example', 'null', 'https://APP.example']) {
    const refused = await send('OPTIONS', path, undefined, { origin, ...ask })
    assert.equal(refused.headers.get('access-control-allow-origin'), null, origin)
    const answer = await send('POST', path, body, { origin })
    assert.equal(answer.headers.get('access-control-allow-origin'), null, origin)
    assert.equal(answer.headers.get('vary'), 'origin')
  }
  const answer = await send('POST', path, {}, { origin: 'https://app.example' })
  assert.equal(answer.status, 400)
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example')
  await use({}, 'b')
  assert.equal(
    (await send('OPTIONS', path, undefined, { origin: 'https://app.example', ...ask })).status,
    405,
  )
})

test('names its figures as its peers do where that is wanted, each series once', async (t) => {
  const running = await runProcess(t)
  const variants = [
    flightVariant(running.files, { version: 1, weight: 50 }),
    flightVariant(running.files, { version: 1, weight: 50, name: 'other' }),
  ]
  await running.putPlan({ revision: 1, metricAliases: true, deployments: [{ name: 'flights', variants }] })
  for (let index = 0; index < 12; index++) await running.send('POST', path, { ...body, key: `k${index}` })
  await running.send('POST', path, { rows: [{}] })
  const { text } = await running.send('GET', '/metrics')
  for (const name of [
    'request_predict_seconds_count',
    'model_infer_request_success_total',
    'nv_inference_count',
  ])
    assert.match(text, new RegExp(`^${name}\\{[^}]*"flights"[^}]*\\} \\d+$`, 'm'))
  const series = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/ [^ ]+$/, ''))
  assert.equal(new Set(series).size, series.length)
  const status = await running.send('GET', '/control/status', undefined, {
    authorization: 'Bearer test-control-token',
  })
  const [deployment] = (
    status.json as {
      deployments: {
        figures: { lastMinute: { requests: number; p99Ms: number }; lastErrors: { code: string }[] }
        variants: { lastMinute: { requests: number } }[]
      }[]
    }
  ).deployments
  assert.equal(deployment?.figures.lastMinute.requests, 13)
  assert.ok((deployment?.figures.lastMinute.p99Ms ?? 0) > 0)
  assert.equal(deployment?.figures.lastErrors[0]?.code, 'invalid_input')
})
