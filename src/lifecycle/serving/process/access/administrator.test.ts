import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newKey } from '../../access-keys/key-secret.ts'
import { accessPlanSchema, type Scope } from '../../deployment/access.ts'
import { bearerCheck } from '../plans/control.ts'
import { Access } from './access.ts'
import { administratorCheck } from './administrator.ts'

test('takes the control token or a key with the scope admin for an administrator, and nobody else', () => {
  const [ops, shop] = [newKey(), newKey()]
  const key = ({ id, digest }: typeof ops, name: string, scopes: Scope[]) => ({ id, digest, name, scopes })
  const access = new Access({ isLoopback: true, callerToken: 'caller', clock: { now: () => 0 } })
  const check = administratorCheck({
    admit: bearerCheck('control'),
    admitTo: (scope) => (headers, connection) => access.admit({ headers, connection }, scope),
  })
  const keys = [key(ops, 'ops', ['admin']), key(shop, 'shop', ['predict'])]
  for (const mode of ['open', 'keys'] as const) {
    access.use(accessPlanSchema.parse({ mode, keys }))
    check({ authorization: 'Bearer control' })
    assert.equal(check({ authorization: `Bearer ${ops.secret}` })?.caller, 'ops')
    assert.throws(() => check({ authorization: `Bearer ${shop.secret}` }), { code: 'permission_denied' })
    assert.throws(() => check({}), { code: 'unauthenticated' })
    assert.throws(() => check({ authorization: 'Bearer caller' }), { code: 'unauthenticated' })
  }
})
