import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFlightsProject, type FlightsProject } from './flights-project.fixture.ts'
import { ask, startServer, until, type ServerProcess } from './program.fixture.ts'
import type { Problem } from '#contract/errors'
import type { DeploymentView } from '#lifecycle/serving/contract'

const name = 'small-flights'
const predictPath = `/deployments/${name}/predict`
const row = { hour: 18, distance: 719, origin: 'ORD', hub: 1 }

interface Answer {
  readonly status: number
  readonly body: unknown
}

describe('an endpoint', () => {
  let project: FlightsProject
  let server: ServerProcess
  let url: string
  let score: number
  const acknowledged: string[] = []

  before(async () => {
    project = await createFlightsProject()
    await project.arrive('data.parquet', ['2001-01-01', '2001-02-26'])
    // A port of its own: the endpoint must be found where it was, whatever is killed.
    const ports = ['--port', '0', '--serving-port', String(await freePort())]
    server = await startServer(project.directory, ports)
    await ask(project.directory, ['data', 'add', 'flights'])
    await ask(project.directory, ['run', 'train'])
    url = (await ask<DeploymentView>(project.directory, ['deploy', name])).live?.url ?? ''
    score = await predict()
  })
  after(async () => {
    await server.stop()
    project.remove()
  })

  describe('refuses with the place of the mistake', () => {
    const rows = (change: object): string => JSON.stringify({ rows: [{ ...row, ...change }] })
    const one = rows({})
    const predictions = [
      ['what is not JSON', '{"rows": [', /not JSON/, undefined],
      ['what is no object', '[1, 2]', /object/, 'The body'],
      ['no rows', '{"rows": []}', /rows is missing or empty/, 'rows'],
      ['an unknown field of the body', one.replace('"rows"', '"row"'), /unknown field "row"/, 'row'],
      ['an unknown field of a row', rows({ colour: 'red' }), /no field "colour"/, 'rows[0].colour'],
      [
        'a missing field',
        rows({ distance: undefined }),
        /rows\[0\]\.distance is missing/,
        'rows[0].distance',
      ],
      [
        'null where a number is required',
        rows({ distance: null }),
        /distance is missing/,
        'rows[0].distance',
      ],
      [
        'text for a number',
        rows({ distance: 'far' }),
        /the text "far", .* a number is expected/,
        'rows[0].distance',
      ],
      ['a number for text', rows({ origin: 7 }), /origin/, 'rows[0].origin'],
      ['infinity', one.replace('719', '1e999'), /Infinity.* finite/, 'rows[0].distance'],
      ['the same id twice', JSON.stringify({ rows: [row, row], ids: ['a', 'a'] }), /used twice/, 'ids[1]'],
      ['ids that are too few', JSON.stringify({ rows: [row, row], ids: ['a'] }), /1 entries/, 'ids'],
      [
        'a time that is none',
        JSON.stringify({ rows: [row], event_time: 'soon' }),
        /event_time/,
        'event_time',
      ],
    ] as const
    for (const [what, body, message, at] of predictions) {
      it(`in a prediction: ${what}`, async () => {
        const { status, body: answer } = await post(url, predictPath, body)
        const problem = answer as Problem
        assert.deepEqual([status, problem.code, problem.at], [400, 'invalid_input', at])
        assert.match(problem.detail, message)
      })
    }

    const feedback = `/api/v1/deployments/${name}/feedback`
    const calls = [
      ['what is not JSON', feedback, '{"labels": [', 400, /not JSON/],
      ['what is no object', feedback, '[]', 400, /JSON object/],
      ['a missing field', feedback, '{}', 400, /labels/],
      ['wrong types', feedback, '{"labels": [{"id": 7, "label": 1}]}', 400, /labels.*id/],
      [
        'an unknown field',
        `/api/v1/deployments/${name}/deploy`,
        '{"reasn": "x"}',
        400,
        /"reasn" is no field/,
      ],
      ['a path that nothing answers', '/api/v1/deploymints', '{}', 404, /Nothing answers POST/],
    ] as const
    for (const [what, path, body, status, message] of calls) {
      it(`in a call of the API: ${what}`, async () => {
        const answer = await post(server.url, path, body)
        assert.equal(answer.status, status)
        assert.match((answer.body as Problem).detail, message)
      })
    }

    it('100 MB, at the endpoint and at the API', async () => {
      const flood = Buffer.alloc(100e6, '1')
      for (const [base, path] of [
        [url, predictPath],
        [server.url, feedback],
      ] as const) {
        // Several times: whether a client reads the answer before its connection ends is a race that must not be lost.
        for (let attempt = 0; attempt < 8; attempt++) {
          const { status, body } = await post(base, path, flood)
          assert.deepEqual([status, (body as Problem).code], [413, 'payload_too_large'])
        }
      }
    })

    it('a page of another site', async () => {
      const headers = { origin: 'http://elsewhere.example' }
      const { status } = await post(server.url, `/api/v1/deployments/${name}/stop`, '{}', headers)
      assert.equal(status, 403)
    })

    it('and answers as before; only what it answered is in the log', async () => {
      assert.equal(await predict(), score)
      assert.deepEqual((await logged()).toSorted(), acknowledged.toSorted())
      const { revision, state } = await deployed()
      assert.deepEqual([revision, state], [1, 'active'])
    })
  })

  describe('after kill -9 of', () => {
    it('the serving process comes back by itself, with the same answers and every answer in the log', async () => {
      const killed = servingPid()
      const traffic = startTraffic()
      await until(() => (traffic.answered() > 20 ? true : undefined), 'some traffic')
      process.kill(killed, 'SIGKILL')
      await until(async () => {
        const { live } = await deployed()
        return live?.ready === true && servingPid() !== killed ? true : undefined
      }, 'a new serving process')
      await traffic.stop()
      assert.equal(await predict(), score)
      assert.deepEqual(missing(await logged()), [])
    })

    it('the server goes on answering without it, and is taken over by the next one', async () => {
      const traffic = startTraffic()
      const before = servingPid()
      await server.kill()
      const answeredBefore = traffic.answered()
      await until(
        () => (traffic.answered() > answeredBefore + 20 ? true : undefined),
        'answers without a server',
      )
      server = await startServer(project.directory)
      const { live, variants } = await deployed()
      const { failed } = await traffic.stop()
      assert.equal(failed, 0)
      assert.equal(servingPid(), before)
      assert.deepEqual([live?.url, live?.ready, variants[0]?.version], [url, true, 1])
      assert.deepEqual(missing(await logged()), [])
    })

    it('both at once, as a power cut does, starts again with the same answers and every answer in the log', async () => {
      const traffic = startTraffic()
      await until(() => (traffic.answered() > 20 ? true : undefined), 'some traffic')
      process.kill(servingPid(), 'SIGKILL')
      await server.kill()
      await traffic.stop()
      server = await startServer(project.directory, ['--port', '0', '--serving-port', new URL(url).port])
      assert.equal((await deployed()).live?.ready, true)
      assert.equal(await predict(), score)
      assert.deepEqual(missing(await logged()), [])
    })
  })

  async function predict(): Promise<number> {
    const { status, body } = await post(url, predictPath, JSON.stringify({ rows: [row] }))
    assert.equal(status, 200, JSON.stringify(body))
    const [prediction] = (body as { predictions: { id: string; probability: number }[] }).predictions
    acknowledged.push(prediction?.id ?? '')
    return prediction?.probability ?? Number.NaN
  }

  /** Asks without pause until it is stopped; notes the id of every answer. */
  function startTraffic() {
    const stopped = new AbortController()
    let failed = 0
    let answered = 0
    const client = async (): Promise<void> => {
      while (!stopped.signal.aborted) {
        const worked = await predict().then(
          () => true,
          () => false,
        )
        if (worked) answered += 1
        else {
          failed += 1
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
    }
    const clients = [client(), client(), client()]
    return {
      answered: () => answered,
      stop: async () => {
        stopped.abort()
        await Promise.all(clients)
        return { failed }
      },
    }
  }

  async function deployed(): Promise<DeploymentView> {
    return (await ask<DeploymentView[]>(project.directory, ['deployments']))[0] as DeploymentView
  }

  /** Ids of the log's lines, straight from its files. */
  async function logged(): Promise<string[]> {
    const rows = await project.tables.rows(
      `SELECT id FROM read_json('${project.directory}/.devmlops/serving/predictions/${name}/*.ndjson',
         format = 'newline_delimited', columns = {id: 'VARCHAR'}, ignore_errors = true)`,
    )
    return rows.map(({ id }) => id as string)
  }

  function missing(ids: readonly string[]): string[] {
    const known = new Set(ids)
    return acknowledged.filter((id) => !known.has(id))
  }

  function servingPid(): number {
    const file = join(project.directory, '.devmlops', 'serving', 'process.json')
    return (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid
  }
})

/** Not `fetch`: an answer that comes before the body is through must be seen. */
function post(base: string, path: string, body: string | Buffer, headers: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, base), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    })
    call.once('error', reject)
    call.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown })
        call.destroy()
      })
    })
    call.end(body)
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
