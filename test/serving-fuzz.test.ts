import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  flightRow,
  flightVariant,
  runProcess,
  type RunningProcess,
} from '#lifecycle/serving/process/fixtures/running-process'
import { createRandom } from '#platform/random'
import { fuzzedRequest } from './fuzzed-requests.fixture.ts'
import { RawConnection, type RawAnswer } from './raw-http.fixture.ts'

const limits = { bodyBytes: 150_000, rowsPerRequest: 1000, timeoutMs: 5_000 }
/** Longer than the server may take for anything. */
const hangMs = 15_000

async function serving(t: Parameters<typeof runProcess>[0]): Promise<RunningProcess & { port: number }> {
  const httpLimits = { headersMs: 600, requestMs: 1_500, checkEveryMs: 100 }
  const running = await runProcess(t, { httpLimits })
  const variants = [
    flightVariant(running.files, { version: 1, weight: 60 }),
    flightVariant(running.files, { version: 2, weight: 40, name: 'canary' }),
  ]
  const log = { enabled: false }
  const plan = { revision: 1, deployments: [{ name: 'flights', variants, limits, log }] }
  assert.equal((await running.putPlan(plan)).status, 200)
  return { ...running, port: Number(new URL(running.process.url).port) }
}

interface Fuzzing {
  readonly port: number
  readonly paths: readonly string[]
  readonly cases: number
  readonly seed: number
}

/** Sends the cases over some connections, and gives the statuses. Fails for one that hangs or is the server's fault. */
async function fuzz({ port, paths, cases, seed }: Fuzzing): Promise<Map<number | string, number>> {
  const random = createRandom(seed)
  const outcomes = new Map<number | string, number>()
  const wrong: string[] = []
  let next = 0
  const work = async (): Promise<void> => {
    const connection = new RawConnection(port)
    while (next++ < cases && wrong.length < 5) {
      const { bytes, what, mayClose } = fuzzedRequest(random, paths)
      const answer = await connection.ask(bytes, hangMs)
      // What is left of it may be read as another request.
      if (mayClose) connection.close()
      const outcome = typeof answer === 'string' ? answer : answer.status
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      if (typeof answer === 'string') {
        if (answer === 'hanging' || !mayClose) wrong.push(`${answer}: ${what}`)
      } else if (isWrong(answer) && !(mayClose && answer.status < 500)) {
        wrong.push(`${answer.status} ${answer.body.slice(0, 300)}: ${what}`)
      }
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: 24 }, work))
  assert.deepEqual(wrong, [])
  return outcomes
}

/** A fault of the server, or an error without a word of what is wrong. */
function isWrong({ status, head, body }: RawAnswer): boolean {
  // A request may ask for less time than there is.
  if (status === 504 && body.includes('time limit')) return false
  if (status >= 500 || status < 200) return true
  return status >= 400 && body.length < 10 && !/^content-length: [1-9]/im.test(head)
}

test('answers whatever comes with a 4xx and stays as it was, over every route', async (t) => {
  const running = await serving(t)
  const table = running.process.routes()
  const all = [...table]
    .filter(([, methods]) => methods.POST !== undefined || methods.PUT !== undefined)
    .map(([path]) => path)
  const open = all.filter((path) => !/control|repository\/models/.test(path))
  assert.ok(open.length >= 6, open.join(' '))
  // What needs a token of its own is refused before it is read, so that a few are enough.
  const paths = [...open, ...open, ...open, ...all]
  const { port } = running
  await fuzz({ port, paths, cases: 1_000, seed: 1 })
  const before = await state(running)
  const outcomes = await fuzz({ port, paths, cases: 7_000, seed: 2 })
  const after = await state(running)
  assert.ok((outcomes.get(400) ?? 0) > 2_000, JSON.stringify([...outcomes]))
  assert.ok((outcomes.get(200) ?? 0) > 40, JSON.stringify([...outcomes]))
  const { metrics, ...figures } = after
  t.diagnostic(
    JSON.stringify({ outcomes: Object.fromEntries(outcomes), figures, before: before.heapMegabytes }),
  )
  assert.ok(after.heapMegabytes < before.heapMegabytes + 20, JSON.stringify(figures))
  assert.ok(after.residentMegabytes < before.residentMegabytes + 150, JSON.stringify(figures))
  assert.ok(after.sockets <= before.sockets + 4, JSON.stringify(figures))
  assert.match(metrics, /devmlops_body_bytes 0\n/)
  assert.match(metrics, /devmlops_queued_requests 0\n/)
  const answer = await running.send('POST', '/deployments/flights/predict', { rows: [flightRow] })
  assert.equal(answer.status, 200)
})

async function state(running: RunningProcess) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await new Promise((resolve) => setTimeout(resolve, 300))
  collect()
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  return {
    heapMegabytes: Math.round(heapUsed / 1e6),
    residentMegabytes: Math.round(rss / 1e6),
    sockets: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    metrics: (await running.send('GET', '/metrics')).text,
  }
}

/** All inputs of the model as tensors, with another for the hour. */
const withHour = (hour: object): object => ({
  inputs: [
    { name: 'hour', ...hour },
    { name: 'distance', shape: [1, 1], datatype: 'INT64', data: [500] },
    { name: 'origin', shape: [1, 1], datatype: 'BYTES', data: ['ATL'] },
  ],
})

/** What is wrong, and what the answer has to name. */
const named: readonly (readonly [path: string, body: unknown, names: RegExp])[] = [
  ['predict', { rows: [{ ...flightRow, hour: 1.5 }] }, /rows\[0\]\.hour/],
  ['predict', { rows: [flightRow, { ...flightRow, origin: 7 }] }, /rows\[1\]\.origin/],
  ['predict', { rows: [{ ...flightRow, hour: undefined }] }, /hour/],
  ['predict', { rows: [{ ...flightRow, speed: 1 }] }, /speed/],
  ['predict', { rows: [flightRow], ids: ['a', 'b'] }, /ids/],
  ['predict', { rows: [flightRow, flightRow], ids: ['a', 'a'] }, /ids\[1\]/],
  ['predict', '{"rows":[{"distance":NaN,"hour":1,"origin":"ATL"}]}', /distance/],
  ['predict', '{"rows":[{"distance":1e400,"hour":1,"origin":"ATL"}]}', /distance/],
  ['predict', { rows: [flightRow], event_time: 'yesterday' }, /event_time/],
  ['infer', withHour({ shape: [-1, 1], datatype: 'INT32', data: [1] }), /inputs\[0\]|shape/],
  ['infer', withHour({ shape: [2 ** 31, 2 ** 31], datatype: 'INT32', data: [1] }), /inputs\[0\]|shape/],
  ['infer', withHour({ shape: [2, 1], datatype: 'INT32', data: [1] }), /inputs\[0\]|hour/],
  ['infer', withHour({ shape: [1, 1], datatype: 'INT32', data: ['x'] }), /inputs\[0\]|hour/],
  ['infer', withHour({ shape: [1, 1], datatype: 'INT33', data: [1] }), /datatype/],
  [
    'infer',
    withHour({ shape: [1, 1], datatype: 'INT32', parameters: { binary_data_size: 4 } }),
    /binary_data_size|inputs\[0\]/,
  ],
  ['infer', { inputs: [], parameters: { timeout: -1 } }, /timeout/],
  ['infer', { inputs: [], parameters: { priority: 'high' } }, /priority/],
]

test('names the field that is wrong', async (t) => {
  const running = await serving(t)
  const path = { predict: '/deployments/flights/predict', infer: '/v2/models/flights/infer' }
  for (const [kind, body, names] of named) {
    const answer = await running.send('POST', path[kind as 'infer'], body)
    const what = `${JSON.stringify(body)}: ${answer.text}`
    assert.equal(answer.status, 400, what)
    assert.match(answer.text, names, what)
  }
})

test('refuses every plan with something wrong in it and keeps the one in place', async (t) => {
  const running = await serving(t)
  const random = createRandom(5)
  const odd = [null, -1, 1e300, '', 'x'.repeat(500), [], {}, true, ['a', 'a'], { __proto__: 1 }]
  const good = {
    revision: 2,
    access: { mode: 'keys', keys: [{ id: 'a', name: 'b', digest: '0'.repeat(64), scopes: ['predict'] }] },
    deployments: [{ name: 'flights', limits, variants: [flightVariant(running.files, { version: 1 })] }],
  }
  const statuses = new Set<number>()
  for (let count = 0; count < 300; count++) {
    const plan = structuredClone(good) as unknown as Record<string, unknown>
    let place: Record<string, unknown> = plan
    for (;;) {
      const names = Object.keys(place)
      const name = names[random.below(names.length)] ?? 'revision'
      const inner = place[name]
      if (
        typeof inner === 'object' &&
        inner !== null &&
        Object.keys(inner).length > 0 &&
        random.below(4) > 0
      ) {
        place = inner as Record<string, unknown>
        continue
      }
      place[name] = odd[random.below(odd.length)]
      break
    }
    // Whatever of it is a good plan is an old one.
    if (typeof plan['revision'] === 'number' && plan['revision'] >= 1) plan['revision'] = 0
    statuses.add((await running.putPlan(plan)).status)
  }
  assert.deepEqual(
    [...statuses].filter((status) => status !== 400 && status !== 409),
    [],
  )
  assert.equal(
    (await running.send('POST', '/deployments/flights/predict', { rows: [flightRow] })).status,
    200,
  )
})
