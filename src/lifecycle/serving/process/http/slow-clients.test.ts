import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { flightRow, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'

const path = '/deployments/flights/predict'
const head = (headers: string): string => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`

async function impatient(t: Parameters<typeof runProcess>[0], given: object = {}): Promise<RunningProcess> {
  const httpLimits = { headersMs: 300, requestMs: 600, unreadMs: 300, checkEveryMs: 100, ...given }
  const running = await runProcess(t, { httpLimits })
  const variants = [flightVariant(running.files, { version: 1 })]
  await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants, log: { enabled: false } }],
  })
  return running
}

async function open({ process }: RunningProcess): Promise<{ socket: Socket; received(): string }> {
  const { port, hostname } = new URL(process.url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString()))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return { socket, received: () => received }
}

async function dripped(running: RunningProcess, first: string, drop: string): Promise<string> {
  const { socket, received } = await open(running)
  socket.write(first)
  const drip = setInterval(() => socket.write(drop), 40)
  await once(socket, 'close')
  clearInterval(drip)
  return received()
}

test('lets clients go that send their headers or bodies drop by drop', async (t) => {
  const running = await impatient(t)
  const [headers, body, chunks] = await Promise.all([
    dripped(running, 'POST / HTTP/1.1\r\nhost: x\r\n', 'x-a: b\r\n'),
    dripped(running, head('content-length: 10000'), ' '),
    dripped(running, head('transfer-encoding: chunked'), '1\r\n \r\n'),
  ])
  for (const received of [headers, body, chunks]) assert.match(received, /^HTTP\/1\.1 408/)
  assert.equal((await running.send('POST', path, { rows: [flightRow] })).status, 200)
  assert.match((await running.send('GET', '/metrics')).text, /devmlops_body_bytes 0/)
})

test('lets a client go that does not read its answer', async (t) => {
  const running = await impatient(t, { requestMs: 60_000 })
  const { socket, received } = await open(running)
  socket.pause()
  const body = JSON.stringify({ rows: Array.from({ length: 90_000 }, () => flightRow) })
  socket.write(head(`content-length: ${body.length}`) + body)
  const answered = /devmlops_predictions_total\{deployment="flights",variant="champion"\} 90000/
  while (!answered.test((await running.send('GET', '/metrics')).text)) await sleep(20)
  // Longer than it may take to read; the kernels hold some of the answer, and the rest is dropped.
  await sleep(900)
  socket.resume()
  if (!socket.destroyed) await once(socket, 'close')
  assert.ok(received().length < 90_000 * 100, 'the whole answer was there')
})

test('keeps no more of bodies than there is room for, and takes them again when others are gone', async (t) => {
  const running = await impatient(t, { bodyBytes: 200_000, requestMs: 60_000 })
  const held = await open(running)
  held.socket.write(head('content-length: 190000') + ' '.repeat(180_000))
  while (!(await running.send('GET', '/metrics')).text.includes('devmlops_connections 2')) await sleep(10)
  const rows = { rows: Array.from({ length: 300 }, () => flightRow) }
  let answer = await running.send('POST', path, rows)
  while (answer.status === 200) answer = await running.send('POST', path, rows)
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  held.socket.destroy()
  await once(held.socket, 'close')
  while (answer.status !== 200) answer = await running.send('POST', path, rows)
})

test('takes no more connections than it may, and headers no larger', async (t) => {
  const running = await impatient(t, { connections: 3, headersMs: 60_000, requestMs: 60_000 })
  await running.send('GET', '/v2/health/live')
  const opened = await Promise.all([open(running), open(running), open(running), open(running)])
  await sleep(50)
  assert.ok(opened.filter(({ socket }) => socket.destroyed || socket.readableEnded).length >= 1)
  for (const { socket } of opened) socket.destroy()
  await sleep(50)
  const large = await open(running)
  large.socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx-a: ${'a'.repeat(20_000)}\r\n\r\n`)
  await once(large.socket, 'close')
  assert.match(large.received(), /^HTTP\/1\.1 431/)
})
