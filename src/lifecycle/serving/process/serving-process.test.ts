import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { flightRow, flightVariant, runProcess, type RunningProcess } from './fixtures/running-process.ts'
import { flightProbability } from './fixtures/small-models.ts'

async function servingFlights(t: Parameters<typeof runProcess>[0]): Promise<RunningProcess> {
  const running = await runProcess(t)
  const champion = flightVariant(running.files, { version: 1 })
  const accepted = await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants: [champion] }],
  })
  assert.equal(accepted.status, 200, accepted.text)
  return running
}

const expected = flightProbability(1, flightRow)
const tensors = [
  { name: 'distance', shape: [1], datatype: 'INT64', data: [500] },
  { name: 'hour', shape: [1, 1], datatype: 'INT32', data: [[9]] },
  { name: 'origin', shape: [1], datatype: 'BYTES', data: ['ATL'] },
]

function near(actual: unknown, wanted: number): void {
  assert.ok(
    typeof actual === 'number' && Math.abs(actual - wanted) < 1e-6,
    `${String(actual)} is not ${wanted}`,
  )
}

describe('a serving process', async () => {
  await test('is not ready before its first plan, and is afterwards', async (t) => {
    const running = await runProcess(t)
    assert.equal((await running.send('GET', '/v2/health/ready')).status, 503)
    assert.equal((await running.send('GET', '/v2/health/live')).status, 200)
    assert.equal((await running.send('POST', '/invocations', { instances: [] })).status, 503)
    await running.putPlan({ revision: 1, deployments: [] })
    for (const path of ['/v2/health/ready', '/ping', '/health']) {
      assert.equal((await running.send('GET', path)).status, 200, path)
    }
  })

  await test('asks callers for the token where one is set, and load balancers for nothing', async (t) => {
    const running = await runProcess(t, { callerToken: 'let-me-in' })
    const champion = flightVariant(running.files, { version: 1 })
    await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants: [champion] }] })
    const body = { rows: [flightRow] }
    const admitted = { authorization: 'Bearer let-me-in' }
    for (const path of ['/deployments/flights/predict', '/invocations', '/v2/models/flights/infer']) {
      assert.equal((await running.send('POST', path, body)).status, 401, path)
      assert.equal(
        (await running.send('POST', path, body, { authorization: 'Bearer wrong' })).status,
        401,
        path,
      )
    }
    assert.equal((await running.send('GET', '/metrics')).status, 401)
    assert.equal((await running.send('GET', '/v2/models/flights')).status, 401)
    assert.equal((await running.send('GET', '/v2/health/ready')).status, 200)
    assert.equal((await running.send('POST', '/deployments/flights/predict', body, admitted)).status, 200)
  })

  await test('answers rows of named fields with an id, the outputs and the version', async (t) => {
    const running = await servingFlights(t)
    const body = { rows: [flightRow, { ...flightRow, origin: 'JFK' }], ids: ['a', 'b'] }
    const { status, json } = await running.send('POST', '/deployments/flights/predict', body)
    const { predictions } = json as { predictions: Record<string, unknown>[] }
    assert.equal(status, 200)
    near(predictions[0]?.['probability'], expected)
    near(predictions[1]?.['probability'], flightProbability(1, { distance: 500, origin: 'JFK' }))
    assert.partialDeepStrictEqual(predictions, [
      { id: 'a', label: 1, version: 1, variant: 'champion' },
      { id: 'b', label: 1, version: 1 },
    ])
  })

  await test('speaks the Open Inference Protocol', async (t) => {
    const running = await servingFlights(t)
    const metadata = (await running.send('GET', '/v2/models/flights')).json as Record<string, unknown>
    assert.partialDeepStrictEqual(metadata, {
      name: 'flights',
      versions: ['1'],
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'distance', datatype: 'INT64', shape: [-1, 1] }],
      outputs: [
        { name: 'probability', datatype: 'FP32', shape: [-1] },
        { name: 'label', datatype: 'INT64', shape: [-1] },
      ],
    })
    assert.deepEqual((await running.send('GET', '/v2/models')).json, { models: ['flights'] })
    assert.deepEqual((await running.send('GET', '/v2/models/flights/versions/1/ready')).json, {
      name: 'flights',
      ready: true,
    })
    const { json } = await running.send('POST', '/v2/models/flights/versions/1/infer', {
      id: 'mine',
      inputs: tensors,
    })
    const answer = json as { outputs: { name: string; data: number[] }[] }
    assert.partialDeepStrictEqual(answer, { id: 'mine', model_name: 'flights', model_version: '1' })
    assert.deepEqual(
      answer.outputs.map((output) => output.name),
      ['probability', 'label'],
    )
    near(answer.outputs[0]?.data[0], expected)
    const one = { inputs: tensors, outputs: [{ name: 'label' }] }
    assert.deepEqual(
      ((await running.send('POST', '/v2/models/flights/infer', one)).json as typeof answer).outputs,
      [{ name: 'label', shape: [1], datatype: 'INT64', data: [1] }],
    )
    const unknown = await running.send('POST', '/v2/models/flights/infer', {
      inputs: tensors,
      outputs: [{ name: 'x' }],
    })
    assert.deepEqual([unknown.status, Object.keys(unknown.json)], [400, ['error']])
    assert.equal((await running.send('GET', '/v2/models/flights/versions/2')).status, 404)
    assert.equal((await running.send('GET', '/v2/models/trains')).status, 404)
  })

  await test('speaks every form of the MLflow scoring server, and passes over columns it does not know', async (t) => {
    const running = await servingFlights(t)
    const columns = ['extra', ...Object.keys(flightRow)]
    const values = ['?', ...Object.values(flightRow)]
    const forms: readonly unknown[] = [
      { dataframe_split: { columns, data: [values], index: [0] } },
      { dataframe_records: [{ ...flightRow, extra: 1 }] },
      { instances: [{ ...flightRow, extra: 1 }] },
      { instances: [Object.values(flightRow)] },
      { inputs: Object.fromEntries(Object.entries(flightRow).map(([name, value]) => [name, [value]])) },
      { inputs: flightRow },
      '{"dataframe_records":[{"distance":500,"hour":9,"load":NaN,"origin":"ATL"}]}',
    ]
    for (const form of forms) {
      const { status, json, text } = await running.send('POST', '/invocations', form)
      assert.equal(status, 200, text)
      near((json as { predictions: { probability: number }[] }).predictions[0]?.probability, expected)
    }
    const csv = 'origin,extra,distance,hour,load\r\n"ATL",x,500,9,\r\nATL,y,500,10,0.5\r\n'
    const scored = await running.send('POST', '/deployments/flights/invocations', csv, {
      'content-type': 'text/csv; charset=utf-8',
    })
    assert.equal((scored.json as { predictions: unknown[] }).predictions.length, 2, scored.text)
    assert.ok(scored.headers.get('x-request-id'))
  })

  await test('says what is wrong in the words of the protocol', async (t) => {
    const running = await servingFlights(t)
    const cases: readonly [string, unknown, number, RegExp][] = [
      ['/deployments/flights/predict', '{"rows": [', 400, /not JSON/],
      ['/deployments/flights/predict', { rows: [] }, 400, /rows is missing or empty/],
      ['/deployments/flights/predict', { row: [flightRow] }, 400, /unknown field \\"row\\"/],
      ['/deployments/flights/predict', { rows: [flightRow], ids: ['a', 'b'] }, 400, /ids has 2 entries/],
      [
        '/deployments/flights/predict',
        { rows: [flightRow, flightRow], ids: ['a', 'a'] },
        400,
        /ids\[1\] is used twice/,
      ],
      [
        '/deployments/flights/predict',
        { rows: [{ ...flightRow, orgin: 'ATL' }] },
        400,
        /rows\[0\]\.orgin.*Did you mean \\"origin\\"/,
      ],
      [
        '/deployments/flights/predict',
        { rows: [flightRow], event_time: 'yesterday' },
        400,
        /event_time: a date such as/,
      ],
      ['/v2/models/flights/infer', { inputs: [] }, 400, /^\{"error":"inputs is missing or empty/],
      [
        '/invocations',
        { instances: [flightRow], inputs: {} },
        400,
        /"error_code":"INVALID_PARAMETER_VALUE".*exactly one of/,
      ],
      ['/invocations', { dataframe_records: [{ hour: 9 }] }, 400, /row 0, column \\"distance\\" is missing/],
      ['/invocations', [flightRow], 400, /not a JSON object/],
      ['/deployments/flights/predict', '['.repeat(100_000), 400, /deeper than 32 levels/],
      ['/nowhere', {}, 404, /nothing at \/nowhere/],
      ['/v2/models/flights/versions/7/infer', {}, 404, /"error"/],
    ]
    for (const [path, body, status, pattern] of cases) {
      const reply = await running.send('POST', path, body)
      assert.equal(reply.status, status, `${path}: ${reply.text}`)
      assert.match(reply.text, pattern)
      assert.doesNotMatch(reply.text, /\.ts:\d+/, 'a stack trace')
    }
    assert.equal((await running.send('DELETE', '/v2/models/flights')).status, 405)
    assert.equal(
      (await running.send('POST', '/invocations', 'a=1', { 'content-type': 'text/html' })).status,
      415,
    )
    assert.equal(
      (await running.send('POST', '/v2/models/flights/infer', '{}', { 'content-encoding': 'gzip' })).status,
      415,
    )
  })

  await test('asks for a name where several deployments could be meant', async (t) => {
    const running = await runProcess(t)
    const variants = [flightVariant(running.files, { version: 1 })]
    await running.putPlan({
      revision: 1,
      deployments: [
        { name: 'flights', variants },
        { name: 'trains', variants },
      ],
    })
    const reply = await running.send('POST', '/invocations', { instances: [flightRow] })
    assert.equal(reply.status, 400)
    assert.match(reply.text, /\/deployments\/flights\/invocations or \/deployments\/trains\/invocations/)
    assert.equal(
      (await running.send('POST', '/deployments/trains/invocations', { instances: [flightRow] })).status,
      200,
    )
  })

  await test('takes plans from nobody without the control token', async (t) => {
    const running = await servingFlights(t)
    for (const authorization of [undefined, 'Bearer wrong', 'Bearer ', 'test-control-token']) {
      const headers = authorization === undefined ? {} : { authorization }
      assert.equal(
        (await running.send('PUT', '/control/plan', { revision: 2, deployments: [] }, headers)).status,
        401,
      )
      assert.equal((await running.send('GET', '/control/status', undefined, headers)).status, 401)
    }
    assert.deepEqual((await running.send('GET', '/v2/models')).json, { models: ['flights'] })
  })

  await test('counts requests, rows and log records for Prometheus', async (t) => {
    const running = await servingFlights(t)
    await running.send('POST', '/deployments/flights/predict', { rows: [flightRow, flightRow, flightRow] })
    await running.send('POST', '/deployments/flights/predict', { rows: 1 })
    const { text, headers } = await running.send('GET', '/metrics')
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    for (const line of [
      'devmlops_requests_total{deployment="flights",variant="champion",code="200"} 1',
      'devmlops_requests_total{deployment="flights",variant="",code="400"} 1',
      'devmlops_predictions_total{deployment="flights",variant="champion"} 3',
      'devmlops_request_duration_seconds_count{deployment="flights",variant="champion"} 1',
      'devmlops_batch_rows_bucket{model="flights",version="1",le="4"} 1',
      'devmlops_prediction_log_written_total{deployment="flights"} 3',
      'devmlops_prediction_log_lost_total{deployment="flights"} 0',
      'devmlops_ready 1',
    ]) {
      assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`)
    }
  })
})
