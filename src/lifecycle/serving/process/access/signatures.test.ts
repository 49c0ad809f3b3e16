import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newKey } from '../../access-keys/key-secret.ts'
import { contentDigest, signRequest } from '../../access-keys/sign-request.ts'
import type { KeyPlan } from '../../deployment/access.ts'
import { flightRow, flightVariant, runProcess } from '../fixtures/running-process.ts'

const path = '/deployments/flights/predict'
const body = JSON.stringify({ rows: [flightRow] })

async function serving(t: Parameters<typeof runProcess>[0], signing: 'optional' | 'required') {
  const running = await runProcess(t)
  const { id, secret, digest, verificationKey } = newKey()
  const key: KeyPlan = { id, digest, verificationKey, name: 'shop', scopes: ['predict'] }
  const variants = [flightVariant(running.files, { version: 1 })]
  const deployments = [{ name: 'flights', variants }]
  await running.putPlan({ revision: 1, access: { mode: 'keys', signing, keys: [key] }, deployments })
  let nonce = 0
  const sign = (given: Partial<Parameters<typeof signRequest>[0]> = {}) =>
    signRequest({ secret, method: 'POST', path, body, time: Date.now(), nonce: `n${nonce++}`, ...given })
  const status = async (headers: Record<string, string>, sent = body): Promise<number> =>
    (await running.send('POST', path, sent, headers)).status
  return { sign, status, secret }
}

test('answers what is signed with a key, which then need not be sent', async (t) => {
  const { sign, status, secret } = await serving(t, 'optional')
  assert.equal(await status(sign()), 200)
  assert.equal(await status({ authorization: `Bearer ${secret}` }), 200)
  assert.equal(await status({}), 401)
})

test('refuses signatures that are old, sent before, or of another request, body or key', async (t) => {
  const { sign, status, secret } = await serving(t, 'required')
  assert.equal(await status({ authorization: `Bearer ${secret}` }), 401)
  const once = sign()
  assert.equal(await status(once), 200)
  assert.equal(await status(once), 401)
  assert.equal(await status(sign(), body.replace('500', '501')), 401)
  assert.equal(await status({ ...sign(), 'content-digest': contentDigest('other') }), 401)
  assert.equal(await status(sign({ path: '/deployments/trains/predict' })), 401)
  assert.equal(await status(sign({ method: 'PUT' })), 401)
  assert.equal(await status(sign({ time: Date.now() - 301_000 })), 401)
  assert.equal(await status(sign({ time: Date.now() + 302_000 })), 401)
  assert.equal(await status(sign({ secret: newKey().secret })), 401)
  const { 'signature-input': input = '', ...rest } = sign()
  for (const odd of [
    '',
    'sig1=()',
    input.replace('"@path" ', ''),
    input.replace('hmac-sha256', 'none'),
    `${input}, ${input}`,
  ])
    assert.equal(await status({ ...rest, 'signature-input': odd }), 401, odd)
  assert.equal(await status({ ...sign(), signature: 'sig1=:AAAA:' }), 401)
  assert.equal(await status(sign()), 200)
})
