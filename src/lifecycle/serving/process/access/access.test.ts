import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newKey } from '../../access-keys/key-secret.ts'
import { accessPlanSchema, type AccessPlan, type KeyPlan, type Scope } from '../../deployment/access.ts'
import { Access } from './access.ts'
import { RateLimit } from './rate-limit.ts'

let now = 1_000_000
const clock = { now: () => now }

function accessWith(plan: Partial<AccessPlan>, given: { callerToken?: string; isLoopback?: boolean } = {}) {
  const access = new Access({ isLoopback: true, callerToken: undefined, clock, ...given })
  access.use(accessPlanSchema.parse(plan))
  return access
}

function keyWith(given: Partial<KeyPlan> = {}) {
  const { id, secret, digest } = newKey()
  return { secret, plan: { id, digest, name: 'shop', scopes: ['predict'] as Scope[], ...given } }
}

const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } })
const nobody = { headers: {} }

test('asks nobody on loopback by default, and always beyond it', () => {
  assert.equal(accessWith({}).admit(nobody, 'predict').caller, undefined)
  assert.throws(() => accessWith({}, { isLoopback: false }).admit(nobody, 'predict'), {
    code: 'unauthenticated',
  })
  const open = accessWith({ mode: 'open' }, { isLoopback: false, callerToken: 'secret' })
  assert.throws(() => open.admit(nobody, 'predict'), { code: 'unauthenticated' })
  open.admit(bearer('secret'), 'predict')
})

test('asks for the token where there is one, and for keys where the plan says so', () => {
  const withToken = accessWith({}, { callerToken: 'secret' })
  assert.throws(() => withToken.admit(nobody, 'predict'), { code: 'unauthenticated' })
  assert.throws(() => withToken.admit(bearer('wrong'), 'predict'), { code: 'unauthenticated' })
  withToken.admit(bearer('secret'), 'admin')
  const { secret, plan } = keyWith()
  const withKeys = accessWith({ mode: 'keys', keys: [plan] })
  assert.throws(() => withKeys.admit(nobody, 'predict'), { code: 'unauthenticated' })
  assert.equal(withKeys.admit(bearer(secret), 'predict').caller, 'shop')
  assert.equal(withKeys.admit({ headers: { 'x-api-key': secret } }, 'predict').caller, 'shop')
  for (const wrong of [
    secret.slice(0, -1),
    `${secret}x`,
    secret.replace('dk_', 'DK_'),
    newKey().secret,
    '',
  ]) {
    assert.throws(() => withKeys.admit(bearer(wrong), 'predict'), { code: 'unauthenticated' }, wrong)
  }
  assert.throws(() => withKeys.admit({ headers: { authorization: 'Basic abc' } }, 'predict'))
})

test('lets a key do what its scopes say until it expires', () => {
  const { secret, plan } = keyWith({ expiresAt: now + 1000, deployments: ['flights'] })
  const admin = keyWith({ name: 'ops', scopes: ['admin'] })
  const access = accessWith({ mode: 'keys', keys: [plan, admin.plan] })
  assert.deepEqual([...(access.admit(bearer(secret), 'predict').deployments ?? [])], ['flights'])
  assert.throws(() => access.admit(bearer(secret), 'explain'), { code: 'permission_denied' })
  assert.equal(access.admit(bearer(admin.secret), 'explain').caller, 'ops')
  now += 1000
  assert.throws(() => access.admit(bearer(secret), 'predict'), {
    code: 'unauthenticated',
    message: /expired/,
  })
})

test('forgets a revoked key on a connection that has shown it before', () => {
  const { secret, plan } = keyWith()
  const access = accessWith({ mode: 'keys', keys: [plan] })
  const connection = {}
  const shown = { ...bearer(secret), connection }
  assert.equal(access.admit(shown, 'predict').caller, 'shop')
  assert.equal(access.admit(shown, 'predict').caller, 'shop')
  assert.throws(() => access.admit({ ...bearer(newKey().secret), connection }, 'predict'))
  access.use({ mode: 'keys', keys: [], cors: [], signing: 'off' })
  assert.throws(() => access.admit(shown, 'predict'), { code: 'unauthenticated' })
})

test('limits how many requests a key has under way', () => {
  const { secret, plan } = keyWith({ concurrency: 2 })
  const access = accessWith({ mode: 'keys', keys: [plan] })
  const first = access.admit(bearer(secret), 'predict')
  access.admit(bearer(secret), 'predict')
  assert.throws(() => access.admit(bearer(secret), 'predict'), {
    code: 'rate_limited',
    reason: 'concurrency',
  })
  first.release()
  access.admit(bearer(secret), 'predict')
})

test('keeps what a key has used of its rate when another key comes or goes', () => {
  const { secret, plan } = keyWith({ rate: { requests: 2, perMs: 60_000 } })
  const access = accessWith({ mode: 'keys', keys: [plan] })
  access.admit(bearer(secret), 'predict')
  access.use({ mode: 'keys', keys: [plan, keyWith().plan], cors: [], signing: 'off' })
  assert.match(access.admit(bearer(secret), 'predict').headers?.['ratelimit'] ?? '', /^"key";r=0;t=\d+$/)
  assert.throws(
    () => access.admit(bearer(secret), 'predict'),
    (error: Error & { headers?: Record<string, string> }) => {
      assert.equal(error.headers?.['ratelimit-policy'], '"key";q=2;w=60')
      assert.ok(Number(error.headers?.['retry-after']) > 20)
      return true
    },
  )
})

test('allows one full lot at once and then as many as the rate, however long it runs', () => {
  const limit = new RateLimit({ requests: 10, perMs: 1000 })
  const taken = (at: number): boolean => limit.take(at) === 0
  const burst = Array.from({ length: 20 }, () => taken(5_000)).filter(Boolean).length
  assert.equal(burst, 10)
  let allowed = 0
  for (let at = 5_000; at < 15_000; at += 7) if (taken(at)) allowed++
  assert.ok(allowed >= 99 && allowed <= 100, String(allowed))
  const slow = new RateLimit({ requests: 0.5, perMs: 1000 })
  assert.equal(slow.take(0), 0)
  assert.ok(slow.take(1_000) > 900)
  assert.equal(slow.take(2_000), 0)
})

test('lets the control side ask in the name of the page, also where everybody else must sign', () => {
  const { secret, plan } = keyWith()
  const access = new Access({ isLoopback: false, callerToken: 'secret', controlToken: 'control', clock })
  access.use(accessPlanSchema.parse({ mode: 'keys', signing: 'required', keys: [plan] }))
  assert.equal(access.admit(bearer('control'), 'predict').caller, 'page')
  for (const other of [secret, 'secret', 'contro']) {
    assert.throws(() => access.admit(bearer(other), 'predict'), { code: 'unauthenticated' })
  }
})
