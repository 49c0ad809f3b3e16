import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Platform } from '#platform/platform'
import { silentLog } from '#platform/log'
import { logSettingsSchema } from '../deployment/log.ts'
import { binaryMode, kserveEvents } from './cloud-events.ts'
import { compactLog } from './compact-log.ts'
import { createLogEvents } from './log-events.ts'
import { logTime, signature, writeLog } from './prediction-log.fixture.ts'

interface Taken {
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

async function receiver(t: TestContext) {
  const taken: Taken[] = []
  const state = { status: () => 202 }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const status = state.status()
      if (status < 300)
        taken.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
      response.writeHead(status).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const ids = (): (string | string[] | undefined)[] => [
    ...new Set(taken.map(({ headers }) => headers['ce-id'])),
  ]
  return { taken, state, url, ids }
}

async function eventsOf(t: TestContext, url: string, allowPrivate = true) {
  const directory = await mkdtemp(join(tmpdir(), 'log-events-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const clock = { time: logTime, now: () => clock.time }
  const jobs = { enqueue: async () => ({ id: 'job' }) }
  const config = { webhookPrivateHosts: allowPrivate }
  const make = () =>
    createLogEvents({
      platform: { clock, jobs, config, log: silentLog } as unknown as Platform,
      logs: async () => [
        { deployment: 'flights', settings: logSettingsSchema.parse({ events: { url, namespace: 'prod' } }) },
      ],
      directoryOf: () => directory,
    })
  const events = make()
  await events.enqueueDue()
  const send = async (sender = events): Promise<boolean> =>
    sender.sendNext('flights', new AbortController().signal)
  return { directory, clock, events, make, send }
}

test('tells each prediction as KServe does: a request and a response with one id', async (t) => {
  const { taken, url } = await receiver(t)
  const { directory, send, events } = await eventsOf(t, url)
  await writeLog(directory, [[{ id: 'one', variant: 'canary', version: 7 }]])
  assert.equal(await send(), true)
  assert.equal(await send(), false)
  const [request, response] = taken
  assert.equal(request?.headers['ce-type'], 'org.kubeflow.serving.inference.request')
  assert.equal(response?.headers['ce-type'], 'org.kubeflow.serving.inference.response')
  for (const { headers } of taken) {
    assert.equal(headers['ce-specversion'], '1.0')
    assert.equal(headers['ce-id'], 'one')
    assert.equal(headers['ce-inferenceservicename'], 'flights')
    assert.equal(headers['ce-endpoint'], 'canary')
    assert.equal(headers['ce-namespace'], 'prod')
    assert.equal(headers['ce-modelversion'], '7')
  }
  assert.ok(request)
  const { instances } = request.body as { instances: { carrier: string }[] }
  assert.equal(instances[0]?.carrier, 'UA')
  assert.deepEqual(response?.body, { id: 'one', predictions: [{ probability: 0.42654329538345337 }] })
  assert.deepEqual(await events.figures('flights'), { sent: 1, refused: 0, waitingBytes: 0 })
})

test('goes on where it was, in another process, behind a receiver that failed and a compaction', async (t) => {
  const { state, url, ids } = await receiver(t)
  const { directory, clock, make, events, send } = await eventsOf(t, url)
  const expected = Array.from({ length: 30 }, (_, index) => `r${index}`)
  await writeLog(directory, [
    expected.slice(0, 20).map((id) => ({ id })),
    expected.slice(20).map((id) => ({ id })),
  ])
  let answers = 0
  state.status = () => (++answers > 21 ? 503 : 202)
  assert.equal(await send(), false)
  const waiting = await events.figures('flights')
  assert.match(waiting?.problem ?? '', /503/)
  assert.ok((waiting?.waitingBytes ?? 0) > 0)
  assert.ok((waiting?.sent ?? 0) >= 8 && (waiting?.sent ?? 30) < 30)
  assert.ok((waiting?.nextTryAt ?? 0) > clock.time)
  await compactLog({ directory, signatureOf: async () => signature, clock })
  state.status = () => 202
  const other = make()
  while (await send(other)) continue
  assert.deepEqual(new Set(ids()), new Set(expected))
  const figures = await other.figures('flights')
  assert.deepEqual([figures?.sent, figures?.waitingBytes, figures?.problem], [30, 0, undefined])
})

test('passes over what the receiver will never take, and counts it', async (t) => {
  const { state, url } = await receiver(t)
  const { directory, events, send } = await eventsOf(t, url)
  await writeLog(directory, [[{ id: 'one' }]])
  state.status = () => 400
  assert.equal(await send(), true)
  assert.equal((await events.figures('flights'))?.refused, 2)
})

test('calls no private address unless it may', async (t) => {
  const { taken, url } = await receiver(t)
  const { directory, events, send } = await eventsOf(t, url, false)
  await writeLog(directory, [[{ id: 'one' }]])
  assert.equal(await send(), false)
  assert.equal(taken.length, 0)
  assert.match((await events.figures('flights'))?.problem ?? '', /scheme/)
})

test('encodes what a header cannot hold', () => {
  const [event] = kserveEvents({
    id: 'é "1" 100%',
    request_id: 'r',
    time: logTime,
    deployment: 'flights',
    variant: 'champion',
    model: 'flights',
    version: 1,
    inputs: {},
    outputs: {},
    latency_ms: 1,
  })
  assert.ok(event)
  assert.equal(binaryMode(event).headers['ce-id'], '%C3%A9%20%221%22%20100%25')
})
