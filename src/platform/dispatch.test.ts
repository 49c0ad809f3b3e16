import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { z } from 'zod'
import { createClient } from '#contract/client'
import { endpoint, type Caller, type Contract } from '#contract/endpoint'
import { DevmlopsError, fail } from '#contract/errors'
import { localCaller } from './access/access.ts'
import { openDatabase, migrate } from './database/index.ts'
import { createDispatch, localTransport, routesOf } from './dispatch.ts'
import { fixturePlatform, platformMigrations } from './platform.fixture.ts'
import type { Platform } from './platform.ts'

const contract = {
  look: endpoint({
    method: 'GET',
    path: '/api/v1/things/:name',
    summary: 'Look at a thing',
    permission: 'read',
    input: z.strictObject({ name: z.string().min(1), limit: z.number().int().default(3) }),
    output: z.object({ name: z.string(), limit: z.number() }),
  }),
  change: endpoint({
    method: 'POST',
    path: '/api/v1/things/:name',
    summary: 'Change a thing',
    permission: 'operate',
    input: z.strictObject({
      name: z.string(),
      rows: z.array(z.object({ value: z.number() })).optional(),
      token: z.string().optional(),
      settings: z.record(z.string(), z.string()).optional(),
    }),
    output: z.object({ done: z.boolean() }),
  }),
  log: endpoint({
    method: 'POST',
    path: '/api/v1/things/:name/log',
    summary: 'Add to the record that a thing is',
    permission: 'operate',
    input: z.strictObject({ name: z.string() }),
    output: z.object({ done: z.boolean() }),
    audit: 'none',
  }),
} satisfies Contract

describe('a call', () => {
  let platform: Platform
  let close: () => Promise<void>
  let caller: Caller

  const client = () =>
    createClient(
      contract,
      localTransport(
        routesOf('things', contract, {
          look: async ({ name, limit }) => ({ name, limit }),
          change: async ({ name }) => {
            if (name === 'locked') fail('conflict', 'The thing is locked.')
            if (name === 'broken') throw new Error('a fault')
            return { done: true }
          },
          log: async () => ({ done: true }),
        }),
        createDispatch(platform),
        { caller },
      ),
    )
  const audited = async () =>
    (await platform.audit.list(10)).map(({ actor, action, input, outcome }) => ({
      actor,
      action,
      input,
      outcome,
    }))

  before(async () => {
    const database = await openDatabase({ path: ':memory:' })
    await migrate(database, platformMigrations, 0)
    const fixture = fixturePlatform(database)
    platform = fixture.platform
    close = fixture.close
  })
  after(() => close())
  beforeEach(() => {
    caller = { ...localCaller(), name: 'ada' }
  })

  it('is given its defaults, and answers', async () => {
    assert.deepEqual(await client().look({ name: 'a' }), { name: 'a', limit: 3 })
  })

  it('with a wrong input names every wrong field, and where the first one is', async () => {
    await assert.rejects(client().change({ name: 'a', rows: [{ value: 1 }, { value: 'x' as never }] }), {
      code: 'invalid_input',
      at: 'rows[1].value',
      message: /^rows\[1\]\.value: /,
    })
    await assert.rejects(client().look({ name: '', limit: 1.5 }), {
      message: /^name: .*; limit: /,
    })
    await assert.rejects(client().look({ name: 'a', colour: 'red' } as never), /"colour"/)
    const rows = Array.from({ length: 500 }, () => ({ value: 'x' as never }))
    await assert.rejects(client().change({ name: 'a', rows }), /and 490 more$/)
  })

  it('that reads is not audited', async () => {
    const before = await audited()
    await client().look({ name: 'a' })
    await assert.rejects(client().look({ name: '' }))
    assert.deepEqual(await audited(), before)
  })

  it('that changes something is audited with its outcome, whatever that is', async () => {
    await client().change({ name: 'a' })
    await assert.rejects(client().change({ name: 'locked' }), { code: 'conflict' })
    await assert.rejects(client().change({ name: 'broken' }), /a fault/)
    assert.deepEqual((await audited()).slice(0, 3), [
      { actor: 'ada', action: 'things.change', input: '{"name":"broken"}', outcome: 'internal' },
      { actor: 'ada', action: 'things.change', input: '{"name":"locked"}', outcome: 'conflict' },
      { actor: 'ada', action: 'things.change', input: '{"name":"a"}', outcome: 'ok' },
    ])
  })

  it('that writes its own record is audited only where it is refused', async () => {
    const before = await audited()
    await client().log({ name: 'a' })
    assert.deepEqual(await audited(), before)
    caller = { name: 'bob', permissions: new Set(['read']) }
    await assert.rejects(client().log({ name: 'a' }), { code: 'permission_denied' })
    assert.equal((await audited())[0]?.outcome, 'permission_denied')
  })

  it('that the caller may not make is refused before its input is looked at, and audited', async () => {
    caller = { name: 'bob', permissions: new Set(['read']) }
    await assert.rejects(client().change({ name: 1 as never }), {
      code: 'permission_denied',
      message: 'bob may not things.change: it needs the permission "operate".',
    })
    assert.deepEqual((await audited())[0], {
      actor: 'bob',
      action: 'things.change',
      input: '{}',
      outcome: 'permission_denied',
    })
    assert.deepEqual(await client().look({ name: 'a' }), { name: 'a', limit: 3 })
  })

  it('leaves no secret and no flood in the audit record', async () => {
    await client().change({
      name: 'a',
      token: 's3cret',
      settings: { db_password: 's3cret', region: 'north' },
    })
    const [record] = await audited()
    assert.doesNotMatch(record?.input ?? '', /s3cret/)
    assert.match(record?.input ?? '', /north/)
    await client().change({ name: 'x'.repeat(100_000) })
    assert.equal((await audited())[0]?.input.length, 4000)
  })

  it('fails with its own reason when even the audit record cannot be written', async () => {
    const written = platform.audit
    const full = { ...written, record: () => Promise.reject(new DevmlopsError('storage_full', 'full')) }
    platform = { ...platform, audit: full }
    await assert.rejects(client().change({ name: 'locked' }), { code: 'conflict' })
    await assert.rejects(
      client().change({ name: 'a' }),
      { code: 'storage_full' },
      'a change that is not recorded is not reported as done',
    )
    platform = { ...platform, audit: written }
  })
})
