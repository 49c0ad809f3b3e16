import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { flightRow, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'

async function servingSmallBodies(t: Parameters<typeof runProcess>[0]): Promise<RunningProcess> {
  const running = await runProcess(t)
  const variants = [flightVariant(running.files, { version: 1 })]
  const limits = { bodyBytes: 20_000, rowsPerRequest: 100, queuedRows: 100 }
  await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants, limits }] })
  return running
}

const path = '/deployments/flights/predict'

/** Writes bytes as they are and answers everything that comes back until the server closes, or until `enough`. */
async function exchange(
  running: RunningProcess,
  parts: readonly string[],
  enough = /never/,
): Promise<string> {
  const { port, hostname } = new URL(running.process.url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString()
    if (enough.test(received)) socket.destroy()
  })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  for (const part of parts) {
    if (!socket.destroyed) socket.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (!socket.destroyed) await once(socket, 'close')
  return received
}

const head = (headers: string): string => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`

async function stillAnswers(running: RunningProcess): Promise<void> {
  assert.equal((await running.send('POST', path, { rows: [flightRow] })).status, 200)
}

test('refuses a body that says it is too large without reading it', async (t) => {
  const running = await servingSmallBodies(t)
  const received = await exchange(running, [head('content-length: 100000000')])
  assert.match(received, /^HTTP\/1\.1 413/)
  assert.match(received, /connection: close/)
  assert.match(received, /larger than 20000 bytes/)
  await stillAnswers(running)
})

test('stops reading a body in chunks that never ends', async (t) => {
  const running = await servingSmallBodies(t)
  const chunk = `1000\r\n${' '.repeat(0x1000)}\r\n`
  const received = await exchange(running, [
    head('transfer-encoding: chunked'),
    ...Array.from({ length: 50 }, () => chunk),
  ])
  assert.match(received, /^HTTP\/1\.1 413/)
  await stillAnswers(running)
})

test('does not let a client that waits for "100 Continue" send what is too large', async (t) => {
  const running = await servingSmallBodies(t)
  assert.match(
    await exchange(running, [head('expect: 100-continue\r\ncontent-length: 30000')]),
    /^HTTP\/1\.1 413/,
  )
  const body = JSON.stringify({ rows: [flightRow] })
  const small = await exchange(
    running,
    [head(`expect: 100-continue\r\ncontent-length: ${body.length}`), body],
    /predictions/,
  )
  assert.match(small, /^HTTP\/1\.1 100 Continue[^]*HTTP\/1\.1 200 OK/)
})

test('takes no harm from lengths that lie, clients that hang up and bytes that are not HTTP', async (t) => {
  const running = await servingSmallBodies(t)
  const body = JSON.stringify({ rows: [flightRow] })
  const tooLong = await exchange(running, [head(`content-length: ${body.length}`) + body + 'surplus\r\n\r\n'])
  assert.match(tooLong, /HTTP\/1\.1 400/)
  const { port, hostname } = new URL(running.process.url)
  const quitter = connect(Number(port), hostname)
  await once(quitter, 'connect')
  quitter.write(head('content-length: 500') + body)
  quitter.destroy()
  assert.match(await exchange(running, ['\u0000\u0001\u0002 nonsense\r\n\r\n']), /^HTTP\/1\.1 400/)
  assert.match(await exchange(running, [head('content-length: -5')]), /^HTTP\/1\.1 400/)
  assert.match(
    await exchange(running, [head('content-length: 5\r\ntransfer-encoding: chunked')]),
    /^HTTP\/1\.1 400/,
  )
  await stillAnswers(running)
})

test('answers every odd body with a 4xx and goes on', async (t) => {
  const running = await servingSmallBodies(t)
  const odd: readonly [unknown, number][] = [
    ['', 400],
    ['null', 400],
    ['"text"', 400],
    ['{"rows":{}}', 400],
    ['{"rows":[[]]}', 400],
    ['{"rows":[{"__proto__":{"distance":1}}]}', 400],
    [`{"rows":[${'{"a":'.repeat(3_000)}`, 400],
    [{ rows: Array.from({ length: 101 }, () => 0) }, 413],
    [{ rows: [flightRow], key: { a: 1 } }, 400],
    [{ rows: [flightRow], key: 'k'.repeat(300) }, 400],
    [{ rows: [flightRow], ids: 'a' }, 400],
    [{ rows: [flightRow], ids: [{}] }, 400],
    [{ rows: [flightRow], event_time: 1e300 }, 400],
    [{ rows: [{ ...flightRow, distance: 1e300 }] }, 400],
    [Buffer.from([0xc3, 0x28]).toString('latin1').repeat(3), 400],
  ]
  for (const [body, status] of odd) {
    const reply = await running.send('POST', path, body)
    assert.equal(reply.status, status, `${JSON.stringify(body)?.slice(0, 80)}: ${reply.text}`)
  }
  for (const url of ['/v2/models/%2e%2e/infer', '/%ff', `/${'a'.repeat(5_000)}`, '/deployments//predict']) {
    assert.equal((await running.send('POST', url, {})).status, 404, url)
  }
  await stillAnswers(running)
})
