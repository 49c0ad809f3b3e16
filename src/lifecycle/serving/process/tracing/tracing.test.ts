import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { silentLog } from '#platform/log'
import { flightRow, flightVariant, runProcess } from '../fixtures/running-process.ts'
import { parentOf } from './trace-parent.ts'
import { openTracing } from './tracing.ts'

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code?: number }
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
}

/** As much of a collector as takes spans as JSON. */
async function collector(t: { after(work: () => unknown): void }) {
  const spans: Span[] = []
  const services: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const sent = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: {
          resource: { attributes: { key: string; value: { stringValue: string } }[] }
          scopeSpans: { spans: Span[] }[]
        }[]
      }
      for (const { resource, scopeSpans } of sent.resourceSpans) {
        services.push(resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '')
        for (const scope of scopeSpans) spans.push(...scope.spans)
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return { spans, services, endpoint: `http://127.0.0.1:${port}/` }
}

const path = '/deployments/flights/predict'
const parent = { trace: 'a'.repeat(32), span: 'b'.repeat(16) }

test('sends a span for each request with its parts below it, under the trace it came with', async (t) => {
  const { spans, services, endpoint } = await collector(t)
  const tracing = await openTracing({ endpoint, serviceName: 'shop', ratio: 0, log: silentLog })
  const running = await runProcess(t, { tracing })
  const variants = [flightVariant(running.files, { version: 1 })]
  await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
  const sampled = `00-${parent.trace}-${parent.span}-01`
  const headers = { traceparent: sampled, tracestate: 'vendor=1' }
  await running.send('POST', path, { rows: [flightRow] }, headers)
  await running.send('POST', path, { rows: [{}] }, headers)
  // The parent was not sampled, and without one nothing is drawn at a ratio of 0.
  await running.send(
    'POST',
    path,
    { rows: [flightRow] },
    { traceparent: `00-${parent.trace}-${parent.span}-00` },
  )
  await running.send('POST', path, { rows: [flightRow] })
  await tracing.close()
  const servers = spans.filter(({ parentSpanId }) => parentSpanId === parent.span)
  assert.deepEqual([...new Set(services)], ['shop'])
  assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [parent.trace])
  assert.equal(servers.length, 2)
  const [good] = servers.filter(({ spanId }) =>
    spans.some(({ parentSpanId, name }) => parentSpanId === spanId && name === 'model'),
  )
  assert.ok(good !== undefined)
  assert.equal(good.name, `POST ${path}`)
  const parts = spans.filter(({ parentSpanId }) => parentSpanId === good.spanId)
  assert.deepEqual(parts.map(({ name }) => name).sort(), ['log', 'model', 'queue', 'read'])
  for (const part of parts) {
    assert.ok(BigInt(part.startTimeUnixNano) >= BigInt(good.startTimeUnixNano) - 1_000_000n, part.name)
    assert.ok(BigInt(part.endTimeUnixNano) <= BigInt(good.endTimeUnixNano) + 1_000_000n, part.name)
  }
  const attribute = good.attributes.find(({ key }) => key === 'devmlops.variant')?.value['stringValue']
  assert.equal(attribute, 'champion')
})

test('begins traces of its own at the ratio that is asked for', async (t) => {
  const { spans, endpoint } = await collector(t)
  const tracing = await openTracing({ endpoint, serviceName: 'shop', ratio: 0.5, log: silentLog })
  const sampled = Array.from({ length: 400 }, () => tracing.begin({})).filter((trace) => trace !== undefined)
  assert.ok(sampled.length > 150 && sampled.length < 250, String(sampled.length))
  for (const trace of sampled.slice(0, 3))
    tracing.end({ headers: {}, trace, startedAt: 0, name: 'GET /', status: 503, attributes: {} })
  await tracing.close()
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 3)
  assert.ok(spans.every(({ status }) => status?.code === 2))
})

test('goes on answering when no collector is there', async (t) => {
  const options = { endpoint: 'http://127.0.0.1:9', serviceName: 'shop', ratio: 1, log: silentLog }
  const tracing = await openTracing(options)
  const running = await runProcess(t, { tracing })
  const variants = [flightVariant(running.files, { version: 1 })]
  await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
  assert.equal((await running.send('POST', path, { rows: [flightRow] })).status, 200)
})

test('reads parents as the W3C has them, and no others', () => {
  const { trace, span } = parent
  const of = (traceparent: string) => parentOf({ traceparent })
  assert.deepEqual(of(`00-${trace}-${span}-01`), { traceId: trace, spanId: span, isSampled: true })
  assert.equal(of(`01-${trace}-${span}-02-later`)?.isSampled, false)
  for (const wrong of [
    '',
    'x',
    `ff-${trace}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-1`,
  ])
    assert.equal(of(wrong), undefined, wrong)
})
