import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import { createJobs } from '#platform/jobs/index'
import { forEachEngine } from '#platform/database/testing'
import { systemClock } from '#platform/clock'
import { silentLog as log } from '#platform/log'
import type { Platform } from '#platform/platform'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createRegistryStage, registryMigrations } from '../index.ts'
import { signatureOf } from './send.ts'
import type { WebhookTables } from './tables.ts'
import { parseTarget, resolveTarget } from './target.ts'

const caller = { name: 'ada' }

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly data: { readonly entity: string; readonly action: string; readonly data: Record<string, unknown> }
}

/** Somebody who is told; answers with the next of `answers`, then with 200. */
async function receiver(t: TestContext, answers: number[] = []) {
  const received: Received[] = []
  const server: Server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks).toString()
      received.push({ headers: request.headers, body, data: JSON.parse(body) as Received['data'] })
      response
        .writeHead(answers.shift() ?? 200, { 'retry-after': '0', location: 'http://127.0.0.1:1/' })
        .end('thanks')
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const until = async (count: number): Promise<void> => {
    while (received.length < count) await pause(5)
  }
  return { url, received, until }
}

const modelCreated = { entity: 'registered_model', action: 'created' }
const tagSet = { entity: 'model_version_tag', action: 'set' }

forEachEngine('webhooks', [...platformMigrations, ...trackingMigrations, ...registryMigrations], (open) => {
  /** A program on the store; `another` is the same program started again. */
  const start = async (t: TestContext) => {
    const database = await open()
    const { platform: plain, close } = fixturePlatform(database)
    const program = (jobs: Platform['jobs']) => {
      const platform = { ...plain, jobs, config: { ...plain.config, webhookPrivateHosts: true } }
      const { service: tracking } = createTrackingStage({ platform })
      const { service, stage } = createRegistryStage({ platform, tracking })
      for (const kind of stage.jobKinds ?? []) jobs.register(kind)
      return { ...platform, registry: service, webhooks: service.webhooks }
    }
    const first = program(plain.jobs)
    let last = first
    t.after(async () => {
      await last.jobs.stop()
      await close()
    })
    return {
      ...first,
      database,
      another: () => (last = program(createJobs({ database, clock: systemClock, log }))),
    }
  }

  it('tell what happened, in order, signed, and nothing else', async (t) => {
    const { registry, webhooks, jobs } = await start(t)
    await jobs.start()
    const { url, received, until } = await receiver(t)
    const hook = await webhooks.createWebhook(
      { name: 'all', url, events: [modelCreated, tagSet], secret: 'topsecret' },
      caller,
    )
    assert.ok(!JSON.stringify(hook).includes('topsecret'))
    await registry.createModel({ name: 'flights', tags: { team: 'ops' } }, caller)
    await registry.createVersion({ model: 'flights', source: 's3://b/x' }, caller)
    for (let n = 0; n < 5; n += 1) {
      await registry.describeVersion({ model: 'flights', reference: '1' }, { tags: { n: String(n) } })
    }
    await until(6)
    const told = received.map(({ data }) => [data.entity, data.data['value'] ?? data.data['name']])
    assert.deepEqual(told, [
      ['registered_model', 'flights'],
      ...['0', '1', '2', '3', '4'].map((value) => ['model_version_tag', value]),
    ])
    const [first] = received
    const {
      'x-mlflow-delivery-id': id,
      'x-mlflow-timestamp': timestamp,
      'x-mlflow-signature': signature,
    } = first?.headers ?? {}
    assert.equal(
      signature,
      signatureOf('topsecret', String(id), { timestamp: String(timestamp), body: first?.body ?? '' }),
    )
    assert.deepEqual(first?.data.data, { name: 'flights', tags: { team: 'ops' }, description: '' })
    await webhooks.updateWebhook(hook.id, { status: 'DISABLED' })
    await registry.createModel({ name: 'unheard' }, caller)
    await webhooks.updateWebhook(hook.id, { status: 'ACTIVE', secret: '' })
    await registry.createModel({ name: 'heard' }, caller)
    await until(7)
    assert.deepEqual(
      [received[6]?.data.data['name'], received[6]?.headers['x-mlflow-signature']],
      ['heard', undefined],
    )
  })

  it('are told again after 429 and 5xx, under the same delivery id, before what came later', async (t) => {
    const { registry, webhooks, jobs } = await start(t)
    await jobs.start()
    const { url, received, until } = await receiver(t, [503, 429, 500, 200, 404, 302])
    await webhooks.createWebhook({ name: 'flaky', url, events: [modelCreated] }, caller)
    for (const name of ['a', 'b', 'c', 'd']) await registry.createModel({ name }, caller)
    await until(7)
    // What was refused or sent elsewhere is not told again.
    assert.deepEqual(
      received.map(({ data }) => data.data['name']),
      ['a', 'a', 'a', 'a', 'b', 'c', 'd'],
    )
    const ids = received.map(({ headers }) => headers['x-mlflow-delivery-id'])
    assert.equal(new Set(ids.slice(0, 4)).size, 1)
    assert.equal(new Set(ids).size, 4)
  })

  it('are told after a restart what a process that died had not told', async (t) => {
    const { registry, webhooks, another } = await start(t)
    const { url, received, until } = await receiver(t)
    await webhooks.createWebhook({ name: 'late', url, events: [modelCreated] }, caller)
    // Its jobs never start: it is as if the process had died right after the transaction.
    await registry.createModel({ name: 'a' }, caller)
    await registry.createModel({ name: 'b' }, caller)
    assert.equal(received.length, 0)
    const restarted = another()
    await restarted.jobs.start()
    await restarted.registry.announcePending()
    await until(2)
    assert.deepEqual(
      received.map(({ data }) => data.data['name']),
      ['a', 'b'],
    )
  })

  it('are given up after an hour, with all that waited as long', async (t) => {
    const { registry, webhooks, jobs, database } = await start(t)
    const { url, received, until } = await receiver(t, [500])
    await webhooks.createWebhook({ name: 'dead', url, events: [modelCreated] }, caller)
    for (const name of ['a', 'b', 'c']) await registry.createModel({ name }, caller)
    const query = database.query.withTables<WebhookTables>()
    const longAgo = Date.now() - 2 * 60 * 60 * 1000
    await query.updateTable('webhook_deliveries').set({ created_at: longAgo }).execute()
    await registry.createModel({ name: 'd' }, caller)
    await jobs.start()
    await until(2)
    assert.deepEqual(
      received.map(({ data }) => data.data['name']),
      ['a', 'd'],
    )
    const rows = await query
      .selectFrom('webhook_deliveries')
      .select(['state', 'error'])
      .orderBy('sequence')
      .execute()
    assert.deepEqual(
      rows.slice(0, 3).map(({ state, error }) => `${state}: ${error}`),
      ['failed: it answered 500', 'failed: it answered 500', 'failed: it answered 500'],
    )
  })

  it('can be listed, changed, tested and deleted, and are checked', async (t) => {
    const { webhooks, registry } = await start(t)
    const { url, received } = await receiver(t, [200, 500])
    const hook = await webhooks.createWebhook({ name: 'a', url, events: [tagSet], description: 'x' }, caller)
    await webhooks.createWebhook({ name: 'b', url, events: [modelCreated] }, caller)
    const page = await webhooks.listWebhooks({ limit: 1 })
    assert.deepEqual([page.items.length, page.next === undefined], [1, false])
    const { signal } = new AbortController()
    assert.deepEqual(await webhooks.testWebhook(hook.id, undefined, signal), {
      success: true,
      status: 200,
      body: 'thanks',
    })
    assert.deepEqual(received[0]?.data.data, {
      name: 'example',
      version: '1',
      key: 'example_key',
      value: 'example_value',
    })
    const failed = await webhooks.testWebhook(hook.id, { entity: 'prompt_alias', action: 'deleted' }, signal)
    assert.deepEqual([failed.success, failed.status, received[1]?.data.entity], [false, 500, 'prompt_alias'])
    const changed = await webhooks.updateWebhook(hook.id, { name: 'c', events: [modelCreated, modelCreated] })
    assert.deepEqual([changed.name, changed.description, changed.events], ['c', 'x', [modelCreated]])
    await webhooks.deleteWebhook(hook.id)
    await assert.rejects(webhooks.getWebhook(hook.id), { code: 'not_found' })
    await assert.rejects(webhooks.deleteWebhook(hook.id), { code: 'not_found' })
    const wrong = [
      { name: '-a' },
      { name: 'a'.repeat(64) },
      { events: [] },
      { events: [{ entity: 'run', action: 'created' }] },
      { events: [{ entity: 'constructor', action: 'name' }] },
      { events: [{ entity: 'prompt', action: 'set' }] },
      { url: 'ftp://127.0.0.1/' },
      { url: 'nothing' },
      { url: `http://127.0.0.1/${'x'.repeat(3000)}` },
      { secret: 'x'.repeat(2000) },
    ]
    for (const change of wrong) {
      await assert.rejects(
        webhooks.createWebhook({ name: 'd', url, events: [tagSet], ...change }, caller),
        { code: 'invalid_input' },
        JSON.stringify(change),
      )
    }
    await registry.createModel({ name: 'nobody is told' }, caller)
  })
})

describe('the target of a webhook', () => {
  const rules = { allowPrivate: false }
  it('is https, and every address of its name is public', async () => {
    for (const url of ['http://example.com/', 'file:///etc/passwd', 'https://', 'javascript:alert(1)']) {
      assert.throws(() => parseTarget(url, rules), { code: 'invalid_input' }, url)
    }
    const hidden = [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0x7f000001',
      '2130706433',
      '017700000001',
    ]
    for (const host of [...hidden, '127.1', '169.254.169.254', '10.0.0.1', '0.0.0.0', '[fd00::1]']) {
      const url = parseTarget(`https://user@${host}:8443/x`, rules)
      await assert.rejects(resolveTarget(url, rules), { code: 'invalid_input', message: /non-public/ }, host)
    }
    assert.deepEqual(await resolveTarget(parseTarget('https://8.8.8.8/x', rules), rules), [
      { address: '8.8.8.8', family: 4 },
    ])
  })

  it('gets the signature that MLflow computes', () => {
    // From mlflow 3.17.2: _generate_hmac_signature('topsecret', id, '1700000000', '{"a":"ü"}').
    assert.equal(
      signatureOf('topsecret', '3f0e4b7a-0000-4000-8000-000000000001', {
        timestamp: '1700000000',
        body: '{"a":"ü"}',
      }),
      'v1,fChme07QfG8dTSwhLUTdUClrcLb3/x5mikSzhpmeUtE=',
    )
  })
})
