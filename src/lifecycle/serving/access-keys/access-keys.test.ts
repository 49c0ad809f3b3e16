import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localCaller } from '#platform/access/access'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { servingMigrations } from '../tables.ts'
import { createAccessKeys } from './access-keys.ts'
import { keyLimits, parseRate } from './key-limits.ts'
import { keyDigest, keyIdOf } from './key-secret.ts'

const caller = localCaller()
const plain = { scopes: ['predict' as const], signing: false }

forEachEngine('keys for predictions', [...platformMigrations, ...servingMigrations], (open) => {
  test('keep a digest and never the secret, and are told to the serving process at once', async (t) => {
    const database = await open()
    const { platform, close } = fixturePlatform(database)
    t.after(close)
    let told = 0
    const keys = createAccessKeys({ platform, onChange: async () => void told++ })
    const limits = { deployments: ['flights'], rate: { requests: 5, perMs: 1000 }, concurrency: 2 }
    const { key, secret } = await keys.create({ ...plain, ...limits, name: 'shop', signing: true }, caller)
    assert.equal(keyIdOf(secret), key.id)
    const [plan] = await keys.forPlan()
    assert.deepEqual(
      { ...plan, verificationKey: undefined },
      {
        id: key.id,
        name: 'shop',
        digest: keyDigest(secret),
        scopes: ['predict'],
        ...limits,
        verificationKey: undefined,
      },
    )
    const stored = JSON.stringify(
      await database.query
        .withTables<{ access_keys: object }>()
        .selectFrom('access_keys')
        .selectAll()
        .execute(),
    )
    assert.ok(!stored.includes(secret.slice(16)), 'the secret is stored')
    assert.equal(told, 1)
    const revoked = await keys.revoke('shop', caller)
    assert.equal(revoked.revokedBy, caller.name)
    assert.equal(told, 2)
    assert.deepEqual(await keys.forPlan(), [])
    assert.equal((await keys.list()).length, 1)
  })

  test('have a name of their own until they are revoked', async (t) => {
    const { platform, close } = fixturePlatform(await open())
    t.after(close)
    const keys = createAccessKeys({ platform, onChange: () => Promise.reject(new Error('not there')) })
    const first = await keys.create({ ...plain, name: 'shop' }, caller)
    await assert.rejects(keys.create({ ...plain, name: 'shop' }, caller), { code: 'already_exists' })
    await keys.revoke(first.key.id, caller)
    const second = await keys.create({ ...plain, name: 'shop' }, caller)
    assert.notEqual(second.secret, first.secret)
    await keys.revoke('shop', caller)
    assert.equal((await keys.list()).filter(({ revokedAt }) => revokedAt === undefined).length, 0)
    await assert.rejects(keys.revoke('nobody', caller), { code: 'not_found' })
  })
})

test('reads rates and durations as people write them', () => {
  assert.deepEqual(parseRate('100/s'), { requests: 100, perMs: 1_000 })
  assert.deepEqual(parseRate('0.5/m'), { requests: 0.5, perMs: 60_000 })
  for (const wrong of ['100', '100/w', '0/s', '-1/s', '1e3/s', 'a/s', '']) {
    assert.throws(() => parseRate(wrong), { code: 'invalid_input', at: '--rate' }, wrong)
  }
  const words = { rate: undefined, expires: '90d', scopes: [], deployments: [], concurrency: undefined }
  assert.deepEqual(keyLimits(words, 1000), { expiresAt: 1000 + 90 * 86_400_000 })
  assert.throws(() => keyLimits({ ...words, expires: '90' }, 0), { at: '--expires' })
})
