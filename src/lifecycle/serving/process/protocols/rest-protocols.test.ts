import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runEcho } from '../fixtures/echo-process.ts'
import { controlToken, flightRow, flightVariant, runProcess } from '../fixtures/running-process.ts'
import { flightProbability } from '../fixtures/small-models.ts'

interface BinaryAnswer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>> & {
    readonly outputs: readonly Tensor[]
    readonly error: string
  }
  /** What follows the JSON. */
  readonly bytes: Buffer
}

interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: string
  readonly data?: readonly unknown[]
  readonly parameters?: { readonly binary_data_size: number }
}

async function sendBytes(
  url: string,
  request: object,
  bytes: readonly NodeJS.ArrayBufferView[],
): Promise<BinaryAnswer> {
  const json = Buffer.from(JSON.stringify(request))
  const body = Buffer.concat([
    json,
    ...bytes.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)),
  ])
  return answerOf(
    await fetch(url, {
      method: 'POST',
      body,
      headers: { 'Inference-Header-Content-Length': String(json.length) },
    }),
  )
}

async function answerOf(response: Response): Promise<BinaryAnswer> {
  const all = Buffer.from(await response.arrayBuffer())
  const length = Number(response.headers.get('inference-header-content-length') ?? all.length)
  return {
    status: response.status,
    json: JSON.parse(all.toString('utf8', 0, length)) as BinaryAnswer['json'],
    bytes: all.subarray(length),
  }
}

async function sendText(url: string, body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return { status: response.status, text: await response.text() }
}

const required = true
const mixed = [
  { name: 'score', type: 'float' as const, required },
  { name: 'count', type: 'long' as const, required },
  { name: 'name', type: 'string' as const, required },
  { name: 'flag', type: 'boolean' as const, required },
]

describe('the Open Inference Protocol', async () => {
  await test('takes and gives tensors as bytes, and each output as it is asked for', async (t) => {
    const { url } = await runEcho(t, { mixed })
    const score = Float32Array.from([0.5, -1])
    const count = BigInt64Array.from([2n ** 62n + 1n, -3n])
    const name = Buffer.from([3, 0, 0, 0, 65, 84, 76, 0, 0, 0, 0])
    const flag = Uint8Array.from([1, 0])
    const values = { score, count, name, flag }
    const datatypes = { score: 'FP32', count: 'INT64', name: 'BYTES', flag: 'BOOL' }
    const request = {
      id: 'a request',
      parameters: { binary_data_output: true, nobody_knows: 5 },
      inputs: mixed.map((field) => ({
        name: field.name,
        shape: [2, 1],
        datatype: datatypes[field.name as keyof typeof datatypes],
        parameters: { binary_data_size: values[field.name as keyof typeof values].byteLength },
      })),
    }
    const all = await sendBytes(`${url}/v2/models/mixed/infer`, request, Object.values(values))
    assert.equal(all.status, 200)
    assert.equal(all.json['id'], 'a request')
    assert.deepEqual(
      all.json.outputs.map((tensor) => tensor.parameters?.binary_data_size),
      [8, 16, 11, 2],
    )
    assert.deepEqual(
      all.bytes,
      Buffer.concat([Buffer.from(score.buffer), Buffer.from(count.buffer), name, flag]),
    )
    const outputs = [{ name: 'count' }, { name: 'flag', parameters: { binary_data: false } }]
    const some = await sendBytes(
      `${url}/v2/models/mixed/versions/1/infer`,
      { ...request, outputs },
      Object.values(values),
    )
    assert.deepEqual(
      some.json.outputs.map((tensor) => [tensor.name, tensor.data]),
      [
        ['count', undefined],
        ['flag', [true, false]],
      ],
    )
    assert.equal(some.bytes.length, 16)
    const wrong = await sendBytes(`${url}/v2/models/mixed/infer`, request, [score])
    assert.equal(wrong.status, 400)
    assert.match(
      wrong.json.error,
      /inputs\[1\]\.parameters\.binary_data_size is 16, but only 0 bytes are left/,
    )
    const classes = { ...request, outputs: [{ name: 'score', parameters: { classification: 3 } }] }
    const refused = await sendBytes(`${url}/v2/models/mixed/infer`, classes, Object.values(values))
    assert.deepEqual(
      [refused.status, /classification is not supported/.test(refused.json.error)],
      [400, true],
    )
  })

  await test('refuses headers that lie about the length of the JSON', async (t) => {
    const { url } = await runEcho(t, { mixed })
    for (const length of ['9999', '-1', '1e3', 'x', '1', '0x10', '99999999999999999999']) {
      const response = await fetch(`${url}/v2/models/mixed/infer`, {
        method: 'POST',
        body: '{"inputs": []}',
        headers: { 'inference-header-content-length': length },
      })
      assert.equal(response.status, 400, length)
    }
  })

  await test('takes a body that is nothing but the only tensor, and answers in bytes', async (t) => {
    const { url } = await runEcho(t, { image: [{ name: 'image', type: 'float', required, shape: [2, 2] }] })
    const body = Buffer.from(Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer)
    const headers = { 'inference-header-content-length': '0' }
    const answer = await answerOf(
      await fetch(`${url}/v2/models/image/infer`, { method: 'POST', body, headers }),
    )
    assert.deepEqual(answer.json.outputs[0]?.shape, [2, 2, 2])
    assert.deepEqual(answer.bytes, body)
  })

  await test('takes tensors of several dimensions in every form', async (t) => {
    const { url } = await runEcho(t, { image: [{ name: 'image', type: 'float', required, shape: [2, 2] }] })
    const image = [
      [1, 2],
      [3, 4],
    ]
    const tensor = { name: 'image', datatype: 'FP32', shape: [1, 2, 2], data: [image] }
    const infer = await sendText(`${url}/v2/models/image/infer`, JSON.stringify({ inputs: [tensor] }))
    assert.match(infer.text, /"shape":\[1,2,2\],"datatype":"FP32","data":\[1,2,3,4\]/)
    const forms = [
      ['/deployments/image/predict', { rows: [{ image }] }],
      ['/v1/models/image:predict', { instances: [image] }],
      ['/v1/models/image:predict', { instances: [{ image }] }],
      ['/invocations', { instances: [image] }],
      ['/invocations', { inputs: [image] }],
      ['/invocations', { inputs: { image: [image] } }],
      ['/invocations', { dataframe_records: [{ image }] }],
    ] as const
    for (const [path, body] of forms) {
      const { status, text } = await sendText(url + path, JSON.stringify(body))
      assert.equal(status, 200, `${path} ${text}`)
      assert.match(text, /\[1,2,3,4\]/)
    }
  })

  await test('keeps every digit of whole numbers of 64 bits in JSON', async (t) => {
    const { url } = await runEcho(t, { long: [{ name: 'x', type: 'long', required }] })
    const x = '[9223372036854775807,-9007199254740993,5]'
    const tensor = `{"name":"x","datatype":"INT64","shape":[3],"data":${x}}`
    const infer = await sendText(`${url}/v2/models/long/infer`, `{"inputs":[${tensor}]}`)
    assert.ok(infer.text.includes(`"data":${x}`), infer.text)
    const predict = await sendText(`${url}/deployments/long/predict`, '{"rows":[{"x":9007199254740993}]}')
    assert.match(predict.text, /"x":9007199254740993,/)
    const scored = await sendText(`${url}/invocations`, `{"inputs":{"x":${x}}}`)
    assert.equal(scored.text, `{"predictions":${x}}`)
    const id = await sendText(
      `${url}/v2/models/long/infer`,
      `{"id":12345678901234567890,"inputs":[${tensor}]}`,
    )
    assert.match(id.text, /"id":"12345678901234567890"/)
  })

  await test('says what it has, and frees and brings back a model', async (t) => {
    const running = await runProcess(t)
    const variants = [flightVariant(running.files, { version: 3 })]
    await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
    const post = (path: string, body?: unknown) =>
      running.send('POST', `/v2/repository/${path}`, body, { authorization: `Bearer ${controlToken}` })
    const state = async (): Promise<unknown> => (await post('index')).json[0]['state']
    assert.equal(await state(), 'READY')
    assert.equal((await running.send('POST', '/v2/repository/models/flights/unload')).status, 401)
    assert.equal((await post('models/flights/unload')).status, 200)
    assert.equal(
      (await post('models/flights/unload', { parameters: { unload_dependents: true } })).status,
      200,
    )
    assert.equal(await state(), 'UNAVAILABLE')
    assert.deepEqual((await post('index', { ready: true })).json, [])
    assert.equal((await post('index', { ready: 1 })).status, 400)
    const predict = () => running.send('POST', '/deployments/flights/predict', { rows: [flightRow] })
    assert.equal((await running.send('GET', '/v2/models/flights/ready')).status, 503)
    assert.equal((await predict()).status, 503)
    assert.equal((await post('models/flights/load', { parameters: { config: '{}' } })).status, 400)
    assert.equal(
      (await post('models/flights/load', { parameters: { 'file:1/model.onnx': 'AA==' } })).status,
      400,
    )
    assert.equal((await post('models/nothing/load')).status, 404)
    assert.equal((await post('models/flights/load')).status, 200)
    assert.equal((await predict()).status, 200)
    assert.equal(await state(), 'READY')
    const stats = (await running.send('GET', '/v2/models/flights/versions/3/stats')).json['model_stats'] as {
      inference_count: number
      inference_stats: Record<string, { count: number; ns: number }>
    }[]
    assert.equal(stats[0]?.inference_count, 1)
    assert.equal(stats[0]?.inference_stats['success']?.count, 1)
    const config = (await running.send('GET', '/v2/models/flights/config')).json as {
      input: { data_type: string }[]
    }
    assert.equal(config.input[4]?.data_type, 'TYPE_STRING')
  })
})

describe("KServe's first protocol", async () => {
  await test('takes rows as objects, lists or values, bare or in a CloudEvent', async (t) => {
    const running = await runProcess(t)
    const variants = [flightVariant(running.files, { version: 1 })]
    await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
    const path = '/v1/models/flights:predict'
    const list = [500, 9, 0.5, false, 'ATL', 'B3']
    const { json } = await running.send('POST', path, { instances: [flightRow, list] })
    const predictions = json['predictions'] as { probability: number }[]
    for (const { probability } of predictions)
      assert.ok(Math.abs(probability - flightProbability(1, flightRow)) < 1e-6)
    const attributes = { specversion: '1.0', id: 'event-1', source: 'test', type: 'flight' }
    const headers = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]),
    )
    const binary = await running.send('POST', path, { instances: [list] }, headers)
    assert.equal(binary.headers.get('ce-type'), 'io.kserve.inference.response')
    assert.equal(binary.headers.get('x-request-id'), 'event-1')
    const type = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
    const event = await running.send('POST', path, { ...attributes, data: { instances: [list] } }, type)
    assert.equal(event.json['source'], 'io.kserve.inference.flights')
    assert.equal((event.json['data'] as { predictions: unknown[] }).predictions.length, 1)
    const refused = [
      [{ ...attributes, id: undefined, data: { instances: [list] } }, type, /id of the event is missing/],
      [
        { ...attributes, specversion: '0.3', data: { instances: [list] } },
        type,
        /specversion of the event is the text "0.3"/,
      ],
      [{ inputs: { distance: [1] } }, {}, /inputs, the form by columns, is not supported/],
      [{ instances: [] }, {}, /instances is missing or empty/],
      [{ instances: [{ ...flightRow, extra: 1 }] }, {}, /instances\[0\]\.extra: the model has no field/],
      [{ instances: [[1, 2]] }, {}, /instances\[0\] has 2 values; 6 are expected/],
    ] as const
    for (const [body, sent, pattern] of refused) {
      const answer = await running.send('POST', path, body, sent)
      assert.equal(answer.status, 400)
      assert.match(answer.json['error'], pattern)
    }
    assert.deepEqual((await running.send('GET', '/v1/models')).json, { models: ['flights'] })
    assert.deepEqual((await running.send('GET', '/v1/models/flights')).json, { name: 'flights', ready: true })
    assert.deepEqual((await running.send('GET', '/')).json, { status: 'alive' })
  })
})

test('describes each deployment as OpenAPI, with examples that work as they stand', async (t) => {
  const running = await runProcess(t)
  const variants = [flightVariant(running.files, { version: 1 })]
  await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
  const { json, text } = await running.send('GET', '/deployments/flights/openapi.json')
  const document = json as {
    paths: Record<
      string,
      { post: { requestBody: { content: Record<string, { examples: { row: { value: unknown } } }> } } }
    >
    components: { schemas: Record<string, { required?: string[] }> }
  }
  assert.deepEqual(document.components.schemas['Row']?.required, ['distance', 'hour', 'origin'])
  for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g))
    assert.ok(document.components.schemas[name ?? ''], name)
  const paths = Object.entries(document.paths)
  assert.equal(paths.length, 4)
  for (const [path, { post }] of paths) {
    const answer = await running.send(
      'POST',
      path,
      post.requestBody.content['application/json']?.examples.row.value,
    )
    assert.equal(answer.status, 200, `${path}: ${answer.text}`)
  }
  assert.equal((await running.send('GET', '/v2/models/flights/docs/dataplane.json')).text, text)
})

test('shows the row that was stored with a model as the example', async (t) => {
  const running = await runProcess(t)
  const stored = { ...flightRow, origin: 'JFK', unknown: 1 }
  const [examples] = running.files.add(Buffer.from(JSON.stringify({ rows: [stored] })))
  assert.ok(examples)
  const variant = flightVariant(running.files, { version: 1 })
  const variants = [{ ...variant, files: [...variant.files, { ...examples, path: 'examples.json' }] }]
  await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
  const { text } = await running.send('GET', '/deployments/flights/openapi.json')
  assert.ok(text.includes(JSON.stringify({ rows: [{ ...flightRow, origin: 'JFK' }] })), text)
})
