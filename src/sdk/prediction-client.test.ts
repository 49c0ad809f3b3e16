import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { DevmlopsError } from '#contract/errors'
import { createPredictionClient, type PredictionClient } from './index.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

/** A server that answers with each of the given answers in turn, and the bodies that it was sent. */
async function serving(t: TestContext, ...answers: Answer[]) {
  const bodies: Buffer[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      bodies.push(body)
      answers[Math.min(bodies.length, answers.length) - 1]?.(request, response, body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const client: PredictionClient = createPredictionClient({
    url: `http://127.0.0.1:${port}/`,
    token: 'a token',
  })
  return { client, bodies }
}

const good: Answer = (_request, response, body) => {
  const { ids } = JSON.parse(body.toString()) as { ids: readonly string[] }
  response.end(
    JSON.stringify({ predictions: ids.map((id) => ({ id, label: 1, variant: 'champion', version: 2 })) }),
  )
}

test('asks again with the same ids when the connection is lost or the server not ready', async (t) => {
  const lost: Answer = (request) => request.socket.destroy()
  const notReady: Answer = (_request, response) => response.writeHead(503, { 'retry-after': '0' }).end('{}')
  for (const first of [lost, notReady]) {
    const { client, bodies } = await serving(t, first, good)
    const predictions = await client.predict<{ label: number }>('flights', [{ hour: 18 }, { hour: 19 }])
    assert.equal(predictions.length, 2)
    assert.equal(predictions[0]?.label, 1)
    assert.equal(bodies.length, 2)
    assert.deepEqual(bodies[0], bodies[1])
  }
})

test('asks no third time, and not at all again when the request is wrong or the wait too long', async (t) => {
  const problem =
    (code: string, status: number, headers = {}): Answer =>
    (_request, response) =>
      response.writeHead(status, headers).end(JSON.stringify({ code, detail: 'because', at: 'rows[0].hour' }))
  const cases = [
    [problem('not_ready', 503, { 'retry-after': '0' }), 'not_ready', 2],
    [problem('rate_limited', 429, { 'retry-after': '3600' }), 'rate_limited', 1],
    [problem('invalid_input', 400), 'invalid_input', 1],
  ] as const
  for (const [answer, code, times] of cases) {
    const { client, bodies } = await serving(t, answer)
    await assert.rejects(client.predict('flights', [{}]), (error: unknown) => {
      assert.ok(error instanceof DevmlopsError)
      assert.deepEqual([error.code, error.message, error.at], [code, 'because', 'rows[0].hour'])
      return true
    })
    assert.equal(bodies.length, times)
  }
})

test('sends whole numbers of 64 bits exactly, with its token and what the call says', async (t) => {
  let headers: IncomingMessage['headers'] = {}
  const { client, bodies } = await serving(t, (request, response, body) => {
    headers = request.headers
    good(request, response, body)
  })
  await client.predict('flights', [{ x: 9_007_199_254_740_993n }], {
    ids: ['a'],
    key: 'k',
    priority: 1,
    loggedFirst: true,
  })
  assert.equal(bodies[0]?.toString(), '{"rows":[{"x":9007199254740993}],"ids":["a"],"key":"k"}')
  assert.equal(headers.authorization, 'Bearer a token')
  assert.equal(headers['x-devmlops-priority'], '1')
  assert.equal(headers['x-devmlops-log'], 'before_answer')
})

test('sends and reads tensors of every kind as bytes', async (t) => {
  const echo: Answer = (request, response, body) => {
    const length = Number(request.headers['inference-header-content-length'])
    const { id, inputs } = JSON.parse(body.toString('utf8', 0, length)) as { id: string; inputs: unknown }
    const json = Buffer.from(JSON.stringify({ id, model_version: '3', outputs: inputs }))
    response.setHeader('inference-header-content-length', String(json.length))
    response.end(Buffer.concat([json, body.subarray(length)]))
  }
  const { client } = await serving(t, echo)
  const kinds = [
    new Float16Array([0.5, -2]),
    new Float32Array([1.5, Number.NaN]),
    new Float64Array([1e300, -0]),
    new Int8Array([-128, 127]),
    new Int16Array([-5, 5]),
    new Int32Array([-(2 ** 31), 7]),
    new BigInt64Array([2n ** 62n + 1n, -1n]),
    new Uint8Array([0, 255]),
    new Uint16Array([0, 65535]),
    new Uint32Array([0, 2 ** 32 - 1]),
    new BigUint64Array([2n ** 64n - 1n, 0n]),
    [true, false],
    ['ATL', 'ä'],
  ]
  const inputs = kinds.map((values, index) => ({ name: `x${index}`, values }))
  const answer = await client.infer('flights', inputs, { id: 'one', version: 3 })
  assert.deepEqual([answer.id, answer.version], ['one', '3'])
  assert.deepEqual(
    answer.outputs.map(({ values }) => values),
    kinds,
  )
  assert.deepEqual(answer.outputs[12], { name: 'x12', datatype: 'BYTES', shape: [2], values: ['ATL', 'ä'] })
})
