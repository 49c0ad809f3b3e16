import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { test } from 'node:test'
import { accessBy, authenticate, sameSecret, systemCaller } from './access.ts'

const me = userInfo().username
const anonymous = { authorization: undefined, actor: undefined }

test('without a token the caller is the user of this machine', () => {
  assert.equal(authenticate(anonymous, accessBy(undefined)).name, me)
})

test('with a token nobody enters without exactly that token', () => {
  for (const authorization of [
    undefined,
    '',
    's3cret',
    'Bearer',
    'Bearer ',
    'Bearer s3cre',
    'Bearer s3cret2',
    'Basic s3cret',
  ]) {
    assert.throws(() => authenticate({ ...anonymous, authorization }, accessBy('s3cret')), {
      code: 'unauthenticated',
    })
  }
  for (const authorization of ['Bearer s3cret', 'bearer s3cret']) {
    assert.equal(authenticate({ ...anonymous, authorization }, accessBy('s3cret')).name, 'token')
  }
})

test('a name that a caller gives itself stands behind what the server knows', () => {
  const named = (actor: string, token?: string): string =>
    authenticate({ authorization: 'Bearer s3cret', actor }, accessBy(token)).name
  assert.equal(named('nightly'), `${me}/nightly`)
  assert.equal(named('ann@example.org', 's3cret'), 'token/ann@example.org')
})

test('a name cannot pass for a part of the program, nor carry anything but a name', () => {
  for (const actor of ['system:monitoring', 'a/b', 'ann\nroot', '<b>', 'x'.repeat(101), '']) {
    const { name } = authenticate({ authorization: 'Bearer s3cret', actor }, accessBy('s3cret'))
    assert.equal(name, 'token', actor)
  }
  assert.equal(systemCaller('monitoring').name, 'system:monitoring')
})

test('secrets of any length are compared', () => {
  assert.ok(sameSecret('a', 'a'))
  assert.ok(!sameSecret('a', 'ab'))
  assert.ok(!sameSecret('', 'a'))
})
