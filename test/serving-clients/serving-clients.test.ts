import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { flightRow } from '#lifecycle/serving/process/fixtures/running-process'
import { flightProbability } from '#lifecycle/serving/process/fixtures/small-models'
import { createPredictionClient } from '#sdk/index'
import { clientFacts, pythonWith, startForClients, type RunningClientsServer } from './clients.fixture.ts'

const expected = [
  flightProbability(1, { distance: 500, origin: 'ATL' }),
  flightProbability(1, { distance: 600, origin: 'JFK' }),
]
const run = promisify(execFile)
const hasCurl = spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0

describe('clients that people have', () => {
  const ends: (() => unknown)[] = []
  let serving: RunningClientsServer
  before(async () => {
    serving = await startForClients({ after: (end) => void ends.push(end as () => unknown) })
  })
  after(async () => {
    for (const end of ends.toReversed()) await end()
  })

  const triton = pythonWith('tritonclient.http, tritonclient.grpc, numpy')
  const withTriton = {
    skip: triton === undefined ? 'no Python with tritonclient[all] (DEVMLOPS_TEST_PYTHON)' : false,
  }

  it('tritonclient over HTTP: JSON, binary, FP16, BYTES, statistics, repository', withTriton, async () => {
    const facts = await clientFacts(triton ?? '', 'tritonclient_http.fixture.py', serving)
    for (const form of ['json', 'binary', 'async']) assertScores(facts[form], form)
    assertScores(facts['gzip'], 'version')
    assertCommon(facts)
    assert.equal(facts['unknown_ready'], false)
    assert.deepEqual(facts['one_output'], ['probability'])
    assert.match(String(facts['error']), /404/)
    assert.equal(facts['unloaded'], false)
  })
  it(
    'tritonclient over gRPC: raw tensors, gzip, async, streams, statistics, repository',
    withTriton,
    async () => {
      const facts = await clientFacts(triton ?? '', 'tritonclient_grpc.fixture.py', serving)
      assertScores(facts['infer'], 'raw')
      for (const form of ['gzip', 'async']) assertScores(facts[form], form)
      assertCommon(facts)
      assert.deepEqual(facts['one_output'], ['label'])
      assert.match(String(facts['error']), /NOT_FOUND/)
      const [one, two, three, bad, four] = facts['stream'] as readonly string[]
      assert.deepEqual([one, two, three, four], ['one', 'two', 'three', 'four'])
      assert.match(bad ?? '', /There is no deployment "nothing"/)
      assert.deepEqual(facts['unloaded'], ['UNAVAILABLE'])
    },
  )

  const kserve = pythonWith('kserve')
  const withKserve = { skip: kserve === undefined ? 'no Python with kserve (DEVMLOPS_TEST_PYTHON)' : false }

  it('KServe: its REST client in both protocols, and its gRPC client', withKserve, async () => {
    const facts = await clientFacts(kserve ?? '', 'kserve.fixture.py', serving)
    for (const form of ['json', 'binary']) assertScores(facts[form], form)
    assertScores(facts['grpc_raw'], 'raw')
    assertScores(facts['grpc_typed'], 'typed')
    for (const fact of ['live', 'ready', 'model_ready', 'grpc_live', 'grpc_ready', 'grpc_model_ready'])
      assert.equal(facts[fact], true, fact)
    const { predictions } = facts['v1'] as { predictions: readonly unknown[] }
    assert.equal(predictions.length, 1)
  })

  it('MLflow: requests as its clients write them', async () => {
    const columns = Object.keys(flightRow)
    const bodies = [
      { dataframe_split: { columns, data: [Object.values(flightRow)] } },
      { dataframe_records: [flightRow] },
      { instances: [flightRow] },
      { inputs: Object.fromEntries(Object.entries(flightRow).map(([name, cell]) => [name, [cell]])) },
    ]
    for (const body of bodies) {
      const response = await fetch(`${serving.url}/deployments/flights/invocations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const text = await response.text()
      assert.equal(response.status, 200, text)
      assert.equal((JSON.parse(text) as { predictions: readonly unknown[] }).predictions.length, 1)
    }
  })

  it('our TypeScript client: named fields, and tensors as bytes', async () => {
    const client = createPredictionClient({ url: serving.url })
    const [row] = await client.predict<{ probability: number }>('flights', [flightRow])
    assert.ok(Math.abs((row?.probability ?? 0) - (expected[0] ?? 1)) < 1e-6)
    const { outputs } = await client.infer('sums', [
      { name: 'x', values: Float32Array.of(1, 2) },
      { name: 'y', values: Float32Array.of(10, 20) },
    ])
    assert.deepEqual([...(outputs[0]?.values ?? [])], [11, 22])
  })

  const withCurl = { skip: hasCurl ? false : 'no curl' }

  it('curl: JSON, and a body that waits for leave to be sent', withCurl, async () => {
    const body = JSON.stringify({
      id: 'curl',
      inputs: [
        { name: 'x', shape: [2, 1], datatype: 'FP32', data: [1, 2] },
        { name: 'y', shape: [2, 1], datatype: 'FP32', data: [10, 20] },
      ],
    })
    for (const more of [[], ['-H', 'Expect: 100-continue'], ['-H', 'Transfer-Encoding: chunked']]) {
      // Not synchronously: the server is in this process.
      const { stdout } = await run('curl', [
        '-sS',
        '--fail-with-body',
        '-H',
        'Content-Type: application/json',
        ...more,
        '-d',
        body,
        `${serving.url}/v2/models/sums/infer`,
      ])
      const { id, outputs } = JSON.parse(stdout) as {
        id: string
        outputs: readonly { data: number[] }[]
      }
      assert.equal(id, 'curl')
      assert.deepEqual(outputs[0]?.data, [11, 22])
    }
  })
})

function assertScores(answer: unknown, id: string): void {
  const {
    id: answered,
    probability,
    label,
  } = answer as { id: string; probability: number[]; label: number[] }
  assert.equal(answered, id)
  assert.deepEqual(label, [1, 1])
  for (const [index, score] of expected.entries())
    assert.ok(
      Math.abs(score - (probability[index] ?? Number.NaN)) < 1e-6,
      `${probability[index]} is not ${score}`,
    )
}

function assertCommon(facts: Readonly<Record<string, unknown>>): void {
  for (const fact of ['live', 'ready', 'model_ready', 'loaded']) assert.equal(facts[fact], true, fact)
  assert.ok((facts['extensions'] as readonly string[]).includes('binary_tensor_data'))
  assert.deepEqual(facts['inputs'], ['INT64', 'INT32', 'FP64', 'BOOL', 'BYTES', 'BYTES'])
  assert.equal(facts['config'], 'flights')
  assert.deepEqual((facts['fp16'] as readonly unknown[]).flat(), [1.5, 3.5])
  assert.ok(Number(facts['statistics']) >= 8)
  assert.deepEqual(facts['index'], [
    ['flights', 'READY'],
    ['sums', 'READY'],
  ])
}
