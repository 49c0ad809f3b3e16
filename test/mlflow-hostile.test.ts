import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { mlflowCalls } from '#adapters/mlflow/calls/index'
import { createRandom, type Random } from '#platform/random'
import { ask, startServer, type ServerProcess } from './program.fixture.ts'

/** The calls as data: nothing here is answered in this process. */
const calls = mlflowCalls(new Proxy({}, { get: () => () => undefined }) as never)

const api = '/api/2.0/mlflow/'

interface Answer {
  readonly status: number
  readonly body: string
}

interface Created {
  readonly experiment_id: string
  readonly run: { readonly info: { readonly run_id: string } }
  readonly experiments?: unknown
}

describe('the MLflow protocol under hostile requests', () => {
  let directory: string
  let server: ServerProcess
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const known: string[] = ['0', '1']

  const send = (method: string, path: string, body?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url)
      const headers =
        body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const sent = request({ agent, hostname, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        )
        response.on('error', reject)
      })
      sent.on('error', reject)
      sent.end(body)
    })

  const post = async (path: string, fields: object): Promise<Created> =>
    JSON.parse((await send('POST', `${api}${path}`, JSON.stringify(fields))).body) as Created

  const refusedOrDone = ({ status, body }: Answer, what: string): void => {
    assert.ok(status < 500 || status === 501, `${status} for ${what}: ${body.slice(0, 300)}`)
    if (status === 200) return
    const problem = JSON.parse(body) as { error_code?: unknown; message?: unknown }
    assert.equal(typeof problem.error_code, 'string', what)
    assert.equal(typeof problem.message, 'string', what)
    assert.ok(body.length < 20_000, `${what} is answered with ${body.length} characters`)
  }

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'devmlops-hostile-'))
    await ask(directory, ['init', 'hostile'])
    server = await startServer(join(directory, 'hostile'))
    const { experiment_id } = await post('experiments/create', { name: 'hostile' })
    const { run } = await post('runs/create', { experiment_id, start_time: 1 })
    known.push(run.info.run_id, 'hostile')
    await post('registered-models/create', { name: 'hostile' })
  })
  after(async () => {
    agent.destroy()
    await server.stop()
    rmSync(directory, { recursive: true })
  })

  it('has seen the calls', () => assert.ok(calls.length > 20, `saw ${calls.length} calls`))

  it('answers values of every wrong kind at every depth with a refusal', async () => {
    const random = createRandom(11)
    for (const { methods, path, request: message } of calls) {
      const filled = path.replaceAll(/:\w+/g, () => encodeURIComponent(textOf(random, known)))
      for (let round = 0; round < 25; round += 1) {
        const fields = Object.fromEntries(
          Object.keys(message.shape)
            .filter(() => random.uniform() < 0.8)
            .map((name) => [name, valueOf(random, known, 3)]),
        )
        for (const method of methods) {
          const body = JSON.stringify(fields)
          refusedOrDone(await send(method, api + filled, body), `${method} ${filled} ${body.slice(0, 500)}`)
        }
      }
    }
  })

  it('answers a body that is no object, or no JSON, with a refusal', async () => {
    const bodies = [
      '[]',
      '5',
      '"x"',
      'null',
      '{',
      '\u0000',
      '{"a":}',
      '['.repeat(100_000),
      '{"a":'.repeat(50_000),
    ]
    for (const { methods, path } of calls) {
      const filled = path.replaceAll(/:\w+/g, 'x')
      for (const body of bodies) {
        refusedOrDone(await send(methods[0] ?? 'POST', api + filled, body), `${path} ${body.slice(0, 20)}`)
      }
    }
  })

  it('answers queries of every kind with a refusal', async () => {
    const random = createRandom(12)
    for (const { methods, path, request: message } of calls) {
      if (!methods.includes('GET')) continue
      const filled = path.replaceAll(/:\w+/g, () => encodeURIComponent(textOf(random, known)))
      for (let round = 0; round < 15; round += 1) {
        const query = new URLSearchParams()
        for (const name of Object.keys(message.shape)) query.append(name, textOf(random, known))
        refusedOrDone(
          await send('GET', `${api}${filled}?${query.toString()}`),
          `GET ${filled}?${query.toString()}`,
        )
      }
    }
  })

  it('never leaves the artifacts by a path, in whatever way it is written', async () => {
    const climbs = [
      '..',
      '%2e%2e',
      '%252e%252e',
      '..%2f..',
      '..%5c..',
      '%2e%2e%2f',
      '....//..',
      '%c0%ae%c0%ae',
      '/etc',
      '~',
    ]
    const run = known[2] ?? ''
    for (const climb of climbs) {
      const inside = `1/${run}/artifacts/${climb}/${climb}/etc/passwd`
      for (const [method, path] of [
        ['GET', `/api/2.0/mlflow-artifacts/artifacts/${inside}`],
        ['PUT', `/api/2.0/mlflow-artifacts/artifacts/${inside}`],
        ['DELETE', `/api/2.0/mlflow-artifacts/artifacts/${inside}`],
        ['GET', `/api/2.0/mlflow-artifacts/artifacts?path=${encodeURIComponent(inside)}`],
        ['GET', `${api}artifacts/list?run_id=${run}&path=${encodeURIComponent(`${climb}/${climb}`)}`],
        ['GET', `/get-artifact?run_id=${run}&path=${encodeURIComponent(`${climb}/etc/passwd`)}`],
        ['POST', `/api/2.0/mlflow-artifacts/mpu/create/${inside}`],
      ] as const) {
        const answer = await send(method, path, method === 'PUT' || method === 'POST' ? '{}' : undefined)
        assert.ok(
          answer.status >= 400 || answer.body === '{}' || /"files":\s*\[\]/.test(answer.body),
          `${method} ${path}: ${answer.status} ${answer.body}`,
        )
        assert.ok(answer.status < 500 || answer.status === 501, `${method} ${path}: ${answer.status}`)
        assert.doesNotMatch(answer.body, /root:/)
      }
    }
  })

  it('still answers, and has written no fault into its log', async () => {
    assert.equal((await send('GET', '/health')).body, 'OK')
    const { experiments } = await post('experiments/search', { max_results: 10 })
    assert.ok(Array.isArray(experiments))
  })
})

const texts = [
  '',
  ' ',
  'a',
  '../x',
  '%2e%2e%2f',
  'latest',
  'v1',
  'a'.repeat(5000),
  '\u0000',
  '𝔘𝔫𝔦',
  "'; drop table runs; --",
  '__proto__',
  '-1',
  '99999999999999999999',
  '1e309',
  'NaN',
  'TRUE',
  'metrics.a > 1',
  'tags.`x` LIKE "%" AND (',
  'models:/x/1',
  'runs:/../x',
  'file:///etc/passwd',
  's3://bucket/../key',
] as const

function textOf(random: Random, known: readonly string[]): string {
  const all = random.uniform() < 0.4 ? known : texts
  return all[Math.floor(random.uniform() * all.length)] ?? ''
}

const names = [
  'key',
  'value',
  'timestamp',
  'step',
  'name',
  'digest',
  'dataset',
  'model_id',
  'entity',
  'action',
  'field_name',
]
const scalars = [null, true, false, 0, -1, 1.5, 5, 1e308, 2 ** 53, 2 ** 60, [], {}] as const

function valueOf(random: Random, known: readonly string[], depth: number): unknown {
  const kind = random.uniform()
  if (kind < 0.45) return textOf(random, known)
  if (kind < 0.65 || depth === 0) return scalars[Math.floor(random.uniform() * scalars.length)]
  const items = Array.from({ length: Math.floor(random.uniform() * 4) }, () =>
    valueOf(random, known, depth - 1),
  )
  if (kind < 0.85) return items
  return Object.fromEntries(items.map((item) => [names[Math.floor(random.uniform() * names.length)], item]))
}
