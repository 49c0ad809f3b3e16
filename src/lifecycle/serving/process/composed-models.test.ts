import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { graphVersion } from '../composed-models/graph-version.ts'
import { describeUpstream } from '../composed-models/describe-upstream.ts'
import { graphSettingsSchema } from '../deployment/graph.ts'
import { upstreamSettingsSchema } from '../deployment/upstream.ts'
import { variantPlanSchema } from '../deployment/variant-plan.ts'
import { flightRow, flightVariant, runProcess, type RunningProcess } from './fixtures/running-process.ts'
import { flightProbability } from './fixtures/small-models.ts'

/** A process that answers with a graph of flight models; node `n1` has version 1, and so on. */
async function servingGraph(t: TestContext, graph: object) {
  const running = await runProcess(t)
  const settings = graphSettingsSchema.parse({ graph }).graph
  const versions = new Map(
    settings.nodes.flatMap((node, index) =>
      'model' in node
        ? [
            [
              node.name,
              variantPlanSchema.parse(flightVariant(running.files, { version: index + 1 })),
            ] as const,
          ]
        : [],
    ),
  )
  const variant = {
    name: 'champion',
    model: 'graph/blend',
    version: 1,
    weight: 100,
    files: [],
    ...graphVersion(settings, versions),
  }
  const reply = await running.putPlan({ revision: 1, deployments: [{ name: 'blend', variants: [variant] }] })
  const ask = (row: object) => running.send('POST', '/deployments/blend/predict', { rows: [row] })
  return { running, reply, ask }
}

type Answer = { predictions: Record<string, number>[] }
const chance = (version: number, row = flightRow) => flightProbability(version, row)

describe('a graph of models', () => {
  it('answers with the mean of its models, with a label that goes with it', async (t) => {
    const { reply, ask } = await servingGraph(t, {
      nodes: [
        { name: 'n1', model: 'flights@champion' },
        { name: 'n2', model: 'flights@challenger' },
      ],
      output: { combine: 'weighted', of: ['n1', 'n2.probability'], weights: [3, 1] },
    })
    assert.equal(reply.status, 200, reply.text)
    const { predictions } = (await ask(flightRow)).json as Answer
    const expected = (3 * chance(1) + chance(2)) / 4
    assert.ok(Math.abs((predictions[0]?.['probability'] ?? 0) - expected) < 1e-6)
    assert.equal(predictions[0]?.['label'], 1)
  })

  it('gives a model what earlier nodes gave, steps on the row included, and asks clients for the rest', async (t) => {
    const { running, reply, ask } = await servingGraph(t, {
      nodes: [
        { name: 'first', model: 'flights@champion' },
        { name: 'far', feature: { ratio: ['miles', 'hour'], impute: { value: 0 } } },
        { name: 'second', model: 'flights@champion', inputs: { distance: 'far', load: 'first' } },
      ],
      output: { combine: 'max', of: ['first', 'second'] },
    })
    assert.equal(reply.status, 200, reply.text)
    const { inputs } = (await running.send('GET', '/v2/models/blend')).json as { inputs: { name: string }[] }
    assert.ok(inputs.some(({ name }) => name === 'miles'))
    const { predictions } = (await ask({ ...flightRow, miles: 27_000 })).json as Answer
    // 27000 / 9 = 3000 miles for the third node, which has version 3.
    const expected = Math.max(chance(1), chance(3, { ...flightRow, distance: 3000 }))
    assert.ok(Math.abs((predictions[0]?.['probability'] ?? 0) - expected) < 1e-6)
  })

  it('says what most nodes say', async (t) => {
    const { ask } = await servingGraph(t, {
      nodes: [1, 2, 3].map((n) => ({ name: `n${n}`, model: 'flights@champion' })),
      output: { combine: 'vote', of: ['n1', 'n2', 'n3'] },
    })
    // Biases 1, 2, 3 and a distance of -2500: chances below, below and above one half.
    const { predictions } = (await ask({ ...flightRow, distance: -2500, origin: 'SFO' })).json as Answer
    assert.equal(predictions[0]?.['label'], 0)
    assert.ok(Math.abs((predictions[0]?.['share'] ?? 0) - 2 / 3) < 1e-9)
  })

  it('is refused with the name of the node that does not fit', () => {
    const nodes = [{ name: 'n1', model: 'flights@champion', inputs: { speed: 'hour' } }]
    const settings = graphSettingsSchema.parse({ graph: { nodes } }).graph
    const version = variantPlanSchema.parse({
      ...flightVariant(
        { add: () => [{ path: 'a', digest: `sha256:${'0'.repeat(64)}`, sizeBytes: 1 }] } as never,
        { version: 1 },
      ),
    })
    assert.throws(() => graphVersion(settings, new Map([['n1', version]])), {
      code: 'invalid_input',
      message: /The node n1 has no field "speed"/,
    })
    const wish = graphSettingsSchema.parse({
      graph: { nodes: [{ name: 'mean', feature: { column: 'hour', impute: 'mean' } }] },
    }).graph
    assert.throws(() => graphVersion(wish, new Map()), {
      message: /The node mean has `impute`, which is fitted/,
    })
  })
})

async function upstreamServer(t: TestContext, callerToken?: string) {
  const running = await runProcess(t, callerToken === undefined ? {} : { callerToken })
  const variants = [flightVariant(running.files, { version: 4 })]
  assert.equal(
    (await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })).status,
    200,
  )
  return running
}

async function front(t: TestContext, url: string, more: object = {}, variables: Record<string, string> = {}) {
  const settings = upstreamSettingsSchema.parse({ upstream: url, name: 'flights', ...more })
  const described = await describeUpstream(settings, (name) => variables[name])
  const running = await runProcess(t, { variables })
  const variant = {
    name: 'champion',
    model: 'upstream/far',
    version: 1,
    weight: 100,
    files: [],
    ...described,
  }
  const reply = await running.putPlan({ revision: 1, deployments: [{ name: 'far', variants: [variant] }] })
  assert.equal(reply.status, 200, reply.text)
  const ask = () => running.send('POST', '/deployments/far/predict', { rows: [flightRow] })
  return { running, ask, described }
}

const isReady = async (running: RunningProcess, path: string) =>
  (await running.send('GET', path)).status === 200

describe('a model of another server', () => {
  for (const tensors of ['binary', 'json']) {
    it(`is asked with ${tensors} tensors, and answers as it does there`, async (t) => {
      const far = await upstreamServer(t)
      const { ask } = await front(t, far.process.url, { tensors })
      const reply = await ask()
      assert.equal(reply.status, 200, reply.text)
      const { predictions } = reply.json as Answer
      assert.ok(Math.abs((predictions[0]?.['probability'] ?? 0) - chance(4)) < 1e-6)
      assert.equal(predictions[0]?.['label'], 1)
    })
  }

  it('is sent a secret that only the name of a variable stands for in the plan', async (t) => {
    const far = await upstreamServer(t, 'far-secret')
    const headers = { authorization: 'FAR_TOKEN' }
    const { ask, described } = await front(
      t,
      far.process.url,
      { headers },
      { FAR_TOKEN: 'Bearer far-secret' },
    )
    assert.equal((await ask()).status, 200)
    assert.doesNotMatch(JSON.stringify(described), /far-secret/)
    await assert.rejects(front(t, far.process.url, { headers }), {
      message: /The environment variable FAR_TOKEN is not set/,
    })
  })

  it('is left alone while it is down, makes its own deployment not ready, and comes back by itself', async (t) => {
    const far = await upstreamServer(t)
    const { port } = new URL(far.process.url)
    const { running, ask } = await front(t, far.process.url, { failures: 2 })
    assert.equal((await ask()).status, 200)
    await far.process.close({ timeoutMs: 100 })
    for (let i = 0; i < 2; i++) assert.match((await ask()).text, /cannot be reached/)
    const refused = await ask()
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    assert.match(refused.text, /does not answer at the moment/)
    assert.equal(await isReady(running, '/v2/models/far/ready'), false)
    assert.equal(await isReady(running, '/v2/health/ready'), true)

    const { createServer } = await import('node:http')
    const stand = createServer((_, response) => response.end('{}')).listen(Number(port), '127.0.0.1')
    t.after(() => stand.close())
    while (!(await isReady(running, '/v2/models/far/ready'))) await sleep(20)
    // It is back, but is no server of the protocol.
    assert.match((await ask()).text, /answers what cannot be read/)
  })
})
