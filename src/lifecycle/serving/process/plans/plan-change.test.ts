import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { noLogFigures } from '../../deployment/log.ts'
import { readPredictions } from '../../prediction-log/read-predictions.ts'
import { predictionDirectory } from '../../prediction-log/segments.ts'
import type { ServingStatus } from '../../plan.ts'
import {
  controlToken,
  flightRow,
  flightVariant,
  runProcess,
  type RunningProcess,
} from '../fixtures/running-process.ts'
import { memoryFiles } from '../fixtures/small-models.ts'

const authorization = `Bearer ${controlToken}`

async function statusOf(running: RunningProcess): Promise<ServingStatus> {
  return (await running.send('GET', '/control/status', undefined, { authorization })).json
}

async function versionNow(running: RunningProcess, fields: object = {}): Promise<number | undefined> {
  const { json, text } = await running.send('POST', '/deployments/flights/predict', {
    rows: [flightRow],
    ...fields,
  })
  const { predictions } = json as { predictions?: { version: number }[] }
  assert.ok(predictions, text)
  return predictions[0]?.version
}

function planOf(running: Pick<RunningProcess, 'files'>, revision: number, version: number) {
  return {
    revision,
    deployments: [{ name: 'flights', variants: [flightVariant(running.files, { version })] }],
  }
}

async function emptyDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'serving-state-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

describe('a new plan', async () => {
  await test('is swapped in under load without one failed request, and the old model is freed', async (t) => {
    const running = await runProcess(t)
    await running.putPlan(planOf(running, 1, 1))
    const stop = new AbortController()
    const seen = new Map<number, number>()
    const client = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const { status, text, json } = await running.send('POST', '/deployments/flights/predict', {
          rows: [flightRow],
        })
        assert.equal(status, 200, text)
        const version = (json as { predictions: { version: number }[] }).predictions[0]?.version ?? 0
        seen.set(version, (seen.get(version) ?? 0) + 1)
      }
    }
    const clients = Array.from({ length: 8 }, client)
    for (let revision = 2; revision <= 6; revision++) {
      assert.equal((await running.putPlan(planOf(running, revision, revision))).status, 200)
      assert.equal(await versionNow(running), revision)
    }
    stop.abort()
    await Promise.all(clients)
    assert.ok(seen.size >= 2, 'requests ran on more than one version')
    assert.match((await running.send('GET', '/metrics')).text, /^devmlops_models_loaded 1$/m)
  })

  await test('is refused with the reason when a model is damaged or not there, and the old plan goes on', async (t) => {
    const running = await runProcess(t)
    await running.putPlan(planOf(running, 1, 1))
    const damaged = planOf(running, 2, 2)
    const { digest } = damaged.deployments[0]!.variants[0]!.files[0]!
    running.files.damage(digest)
    const reply = await running.putPlan(damaged)
    assert.equal(reply.status, 500)
    assert.match(
      reply.text,
      /deployment flights, variant champion: The file model\.onnx of flights v2 does not have the digest/,
    )
    const notModel = flightVariant(running.files, {
      version: 3,
      files: running.files.add(Buffer.from('not a model')),
    })
    const unreadable = await running.putPlan({
      revision: 3,
      deployments: [{ name: 'flights', variants: [notModel] }],
    })
    assert.deepEqual([unreadable.status, /flights v3 cannot be loaded/.test(unreadable.text)], [400, true])
    assert.equal(await versionNow(running), 1)
    const status = await statusOf(running)
    assert.partialDeepStrictEqual(status, { ready: true, revision: 1, refused: { revision: 3 } })
    assert.match(status.refused?.reason ?? '', /flights v3 cannot be loaded/)
    assert.match((await running.send('GET', '/metrics')).text, /^devmlops_models_loaded 1$/m)
  })

  await test('is refused when it is older, half, or not a plan', async (t) => {
    const running = await runProcess(t)
    await running.putPlan(planOf(running, 5, 1))
    const half = flightVariant(running.files, { version: 1, weight: 50 })
    const cases: readonly [unknown, number, RegExp][] = [
      [planOf(running, 4, 2), 409, /revision 5 is in place/],
      [planOf(running, 5, 2), 409, /revision 5 is in place/],
      [{ revision: 6, deployments: [{ name: 'flights', variants: [half] }] }, 400, /weights add up to 50/],
      [{ revision: 6, deployments: [{ name: '../x', variants: [] }] }, 400, /deployments\.0\.name/],
      [{ deployments: [] }, 400, /revision/],
      ['[]', 400, /wrong at its top/],
      ['nonsense', 400, /not JSON/],
    ]
    for (const [plan, status, pattern] of cases) {
      const reply = await running.putPlan(plan)
      assert.equal(reply.status, status, reply.text)
      assert.match(reply.text, pattern)
    }
    assert.equal((await running.putPlan(planOf(running, 5, 1))).status, 200, 'the same plan again')
    assert.equal(await versionNow(running), 1)
  })

  await test('splits traffic by its weights, sticks to keys, and answers a version that is asked for', async (t) => {
    const running = await runProcess(t)
    const variants = [
      flightVariant(running.files, { version: 1, weight: 75 }),
      flightVariant(running.files, { version: 2, weight: 25, name: 'canary' }),
    ]
    await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
    const rows = Array.from({ length: 4_000 }, () => flightRow)
    const versionsOf = async (fields: object): Promise<number[]> => {
      const { json } = await running.send('POST', '/deployments/flights/predict', { rows, ...fields })
      return (json as { predictions: { version: number }[] }).predictions.map(
        (prediction) => prediction.version,
      )
    }
    const canaries = (await versionsOf({})).filter((version) => version === 2).length
    // Four standard errors of 4,000 draws at 25 %.
    assert.ok(Math.abs(canaries / rows.length - 0.25) < 0.028, `${canaries} of ${rows.length}`)
    const keys = rows.map((_, index) => `customer-${index % 50}`)
    const byKey = await versionsOf({ keys })
    assert.deepEqual(
      byKey,
      byKey.map((_, index) => byKey[index % 50]),
    )
    assert.equal(new Set(byKey).size, 2)
    assert.equal(await versionNow(running, { key: 'customer-7' }), byKey[7])
    const tensors = [
      { name: 'distance', shape: [1], datatype: 'INT64', data: [1] },
      { name: 'hour', shape: [1], datatype: 'INT32', data: [1] },
      { name: 'origin', shape: [1], datatype: 'BYTES', data: ['ATL'] },
    ]
    for (const version of ['1', '2']) {
      const { json } = await running.send('POST', `/v2/models/flights/versions/${version}/infer`, {
        inputs: tensors,
      })
      assert.equal((json as { model_version: string }).model_version, version)
    }
  })
})

describe('a restarted process', async () => {
  await test('comes back with the plan it had, ready as it starts to listen', async (t) => {
    const stateDirectory = await emptyDirectory(t)
    const files = memoryFiles()
    const first = await runProcess(t, { stateDirectory, files })
    await first.putPlan(planOf(first, 7, 3))
    await first.process.close()
    const second = await runProcess(t, { stateDirectory, files })
    assert.equal((await second.send('GET', '/v2/health/ready')).status, 200)
    assert.equal(await versionNow(second), 3)
    assert.equal((await statusOf(second)).revision, 7)
  })

  await test('answers for what it can load and says what it cannot', async (t) => {
    const stateDirectory = await emptyDirectory(t)
    const files = memoryFiles()
    const first = await runProcess(t, { stateDirectory, files })
    const broken = flightVariant(files, { version: 2 })
    const plan = {
      revision: 1,
      deployments: [...planOf(first, 1, 1).deployments, { name: 'broken', variants: [broken] }],
    }
    assert.equal((await first.putPlan(plan)).status, 200)
    await first.process.close()
    files.damage(broken.files[0]!.digest)
    const second = await runProcess(t, { stateDirectory, files })
    assert.equal(await versionNow(second), 1)
    assert.equal((await second.send('GET', '/v2/health/ready')).status, 503)
    const reply = await second.send('POST', '/deployments/broken/predict', { rows: [flightRow] })
    assert.equal(reply.status, 503)
    assert.match(reply.text, /does not have the digest/)
    assert.deepEqual((await second.send('GET', '/v2/models/broken/ready')).json, {
      name: 'broken',
      ready: false,
    })
  })

  await test('does not share its folder with another', async (t) => {
    const stateDirectory = await emptyDirectory(t)
    const first = await runProcess(t, { stateDirectory })
    await assert.rejects(runProcess(t, { stateDirectory }), { code: 'store_in_use' })
    await first.process.close()
    await runProcess(t, { stateDirectory })
  })

  await test('starts without a plan when the kept one is unreadable, and says so', async (t) => {
    const stateDirectory = await emptyDirectory(t)
    await writeFile(join(stateDirectory, 'plan.json'), '{"revision": 1, "deploy')
    const running = await runProcess(t, { stateDirectory })
    const status = await statusOf(running)
    assert.equal(status.ready, false)
    assert.match(status.refused?.reason ?? '', /plan\.json is not a serving plan/)
    assert.equal((await running.putPlan(planOf(running, 1, 1))).status, 200)
    assert.equal(
      (JSON.parse(await readFile(join(stateDirectory, 'plan.json'), 'utf8')) as { revision: number })
        .revision,
      1,
    )
  })
})

describe('the prediction log', async () => {
  await test('says for every answered row what it was asked and what it answered', async (t) => {
    const running = await runProcess(t)
    await running.putPlan(planOf(running, 1, 1))
    const rows = [flightRow, { distance: 1, hour: 2, origin: 'a "quoted"\nname' }]
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const body = { rows, ids: ['x', 'y'], key: 'k', event_times: ['2001-03-01T00:00:00Z', 986_083_200_000] }
    await running.send('POST', '/deployments/flights/predict', body, {
      traceparent,
      'x-request-id': 'request-1',
    })
    const directory = predictionDirectory(running.stateDirectory, 'flights')
    const { records } = await readPredictions({ directory, limit: 10 })
    assert.partialDeepStrictEqual(records, [
      {
        id: 'x',
        request_id: 'request-1',
        event_time: Date.UTC(2001, 2, 1),
        deployment: 'flights',
        variant: 'champion',
        model: 'flights',
        version: 1,
        key: 'k',
        inputs: flightRow,
        outputs: { label: 1 },
        trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      },
      {
        id: 'y',
        event_time: 986_083_200_000,
        inputs: { distance: 1, hour: 2, load: null, weekend: null, origin: 'a "quoted"\nname', gate: null },
      },
    ])
    assert.ok(records.every((record) => record.latency_ms > 0 && Math.abs(record.time - Date.now()) < 60_000))
  })

  await test('is what an answer waits for: when it cannot be written there is none', async (t) => {
    const stateDirectory = await emptyDirectory(t)
    const running = await runProcess(t, { stateDirectory })
    await running.putPlan(planOf(running, 1, 1))
    // A file in the place of the log's folder: every write fails until it is gone.
    const directory = predictionDirectory(stateDirectory, 'flights')
    await rm(directory, { recursive: true })
    await writeFile(directory, '')
    const refused = await running.send('POST', '/deployments/flights/predict', { rows: [flightRow] })
    assert.equal(refused.status, 507, refused.text)
    assert.match(refused.text, /cannot be written/)
    const { problem, ...counts } = (await statusOf(running)).deployments[0]?.log ?? noLogFigures
    assert.deepEqual(counts, { ...noLogFigures, lost: 1 })
    assert.match(problem ?? '', /\w/)
    const after = planOf(running, 2, 1)
    const relaxed = {
      ...after,
      deployments: after.deployments.map((entry) => ({ ...entry, log: { mode: 'after_answer' } })),
    }
    await running.putPlan(relaxed)
    assert.equal(await versionNow(running), 1, 'answers first when told so, and counts the loss')
    const lost = async (): Promise<number> => (await statusOf(running)).deployments[0]?.log.lost ?? 0
    while ((await lost()) < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  })
})

test('closing ends what has begun, turns readiness off first, and leaves a whole log', async (t) => {
  const stateDirectory = await emptyDirectory(t)
  const running = await runProcess(t, { stateDirectory })
  await running.putPlan(planOf(running, 1, 1))
  const rows = Array.from({ length: 2_000 }, () => flightRow)
  const begun = Array.from({ length: 5 }, () =>
    running.send('POST', '/deployments/flights/predict', { rows }),
  )
  const closing = running.process.close({ drainMs: 300 })
  const ready = await running.send('GET', '/v2/health/ready')
  assert.deepEqual([ready.status, ready.headers.get('connection')], [503, 'close'])
  for (const reply of await Promise.all(begun)) assert.equal(reply.status, 200)
  await closing
  await assert.rejects(running.send('GET', '/v2/health/live'))
  const directory = predictionDirectory(stateDirectory, 'flights')
  assert.equal((await readPredictions({ directory, limit: 100_000 })).records.length, 10_000)
})
