import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { Hono } from 'hono'
import { maximumBodyBytes } from './http-input.ts'
import { announce, listen } from './listen.ts'
import { fixtureServer, type FixtureServer } from './server.fixture.ts'

type Headers = Readonly<Record<string, string>>

describe('the server', () => {
  let server: FixtureServer
  before(async () => (server = await fixtureServer()))
  after(() => server.close())

  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${server.url}${path}`, init)
    const body = await response.text()
    const type = response.headers.get('content-type') ?? ''
    return { status: response.status, headers: response.headers, type, body, json: parsed(body) }
  }
  const post = (path: string, body: string, headers: Headers = {}) =>
    call(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  /** Sends a path, a host or an origin that `fetch` would not. */
  const raw = async (path: string, headers: Headers = {}, method = 'GET') => {
    const request = httpRequest({ port: server.port, host: '127.0.0.1', path, method, headers })
    request.end()
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve).on('error', reject)
    })
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }

  it('answers calls with JSON, and integers beyond 2^53 as text', async () => {
    const { status, type, json } = await call('/api/v1/things/a')
    assert.deepEqual(
      [status, type, json],
      [200, 'application/json', { name: 'a', count: '1152921504606846976' }],
    )
  })

  it('reads query, path and body into one input', async () => {
    const found = await call('/api/v1/things?limit=5&exact=true&types=a&types=b&labels={"k":"v"}')
    assert.deepEqual(found.json, { limit: 5, exact: true, types: ['a', 'b'], labels: { k: 'v' } })
    const changed = await post(
      '/api/v1/things/a%2Fb',
      '{"nested":{"rows":[{"value":1}]},"note":null,"timeout":"5m"}',
    )
    assert.deepEqual(changed.json, {
      name: 'a/b',
      nested: { rows: [{ value: 1 }] },
      note: null,
      timeout: 300_000,
    })
    const removed = await call('/api/v1/things/a?force=true', { method: 'DELETE' })
    assert.deepEqual(removed.json, { name: 'a', force: true })
  })

  it('tells every mistake of a request as problem JSON that names the field', async () => {
    const field = await post('/api/v1/things/a', '{"nested":{"rows":[{"value":"x"}]}}')
    assert.equal(field.status, 400)
    assert.equal(field.type, 'application/problem+json')
    assert.deepEqual(
      { ...field.json, detail: '' },
      {
        type: 'urn:devmlops:error:invalid_input',
        title: 'The request or command has a field that is missing or wrong',
        status: 400,
        code: 'invalid_input',
        detail: '',
        at: 'nested.rows[0].value',
      },
    )
    const mistakes: [
      Promise<{ status: number; json: Record<string, unknown> }>,
      string | undefined,
      RegExp,
    ][] = [
      [post('/api/v1/things/a', '{"name":'), undefined, /not JSON/],
      [post('/api/v1/things/a', '[1]'), undefined, /must be a JSON object/],
      [post('/api/v1/things/a', '{"nestd":{}}'), 'nestd', /"nestd" is no field/],
      [call('/api/v1/things?limit=0'), 'limit', /limit: /],
      [call('/api/v1/things?limit=many'), 'limit', /limit: /],
      [call('/api/v1/things?colour=red'), 'colour', /"colour" is no field/],
    ]
    for (const [answer, at, detail] of mistakes) {
      const { status, json } = await answer
      assert.deepEqual([status, json['code'], json['at']], [400, 'invalid_input', at])
      assert.match(String(json['detail']), detail)
    }
  })

  it('answers an error of a call with its status, hint and place', async () => {
    const { status, json } = await call('/api/v1/things/gone')
    assert.deepEqual(
      [status, json['code'], json['hint'], json['at']],
      [404, 'not_found', 'List them.', 'name'],
    )
  })

  it('says nothing of a fault but that it is one, and logs it', async () => {
    server.faults.length = 0
    const { status, type, body, json } = await call('/api/v1/things/broken')
    assert.deepEqual([status, type, json['code']], [500, 'application/problem+json', 'internal'])
    assert.doesNotMatch(body, /secret detail|\.ts|at /)
    assert.match(JSON.stringify(server.faults), /secret detail of a fault.*server\.fixture\.ts/)
  })

  it('answers an unknown call with problem JSON, whatever its method', async () => {
    for (const [method, path] of [
      ['GET', '/api/v1/nothing'],
      ['PATCH', '/api/v1/things/a'],
      ['GET', '/api/v2/things'],
    ] as const) {
      const { status, type, json } = await call(path, { method })
      assert.deepEqual([status, type, json['code']], [404, 'application/problem+json', 'not_found'])
    }
  })

  it('refuses a body that is too large, with and without its length told', async () => {
    const large = JSON.stringify({ note: 'x'.repeat(maximumBodyBytes) })
    const told = await post('/api/v1/things/a', large)
    assert.deepEqual([told.status, told.json['code']], [413, 'payload_too_large'])

    const chunked = await call('/api/v1/things/a', {
      method: 'POST',
      body: ReadableStream.from(
        [large.slice(0, 100), large.slice(100)].map((part) => new TextEncoder().encode(part)),
      ),
      duplex: 'half',
    })
    assert.deepEqual([chunked.status, chunked.json['code']], [413, 'payload_too_large'])
  })

  it('takes an upload as a stream of any size, and a download with a safe file name', async () => {
    const size = maximumBodyBytes + 1_000_000
    const sent = await call('/api/v1/things/a/file?part=2', { method: 'PUT', body: new Uint8Array(size) })
    assert.deepEqual(sent.json, { sizeBytes: size })
    const fetched = await call('/api/v1/things/a/file')
    assert.equal(fetched.body, 'bytes of a')
    assert.equal(fetched.headers.get('content-disposition'), 'attachment; filename="a___x__y.csv"')
    assert.equal(fetched.type, 'text/csv')
  })

  it('answers HEAD like GET, without a body', async () => {
    for (const path of ['/health', '/api/v1/things/a', '/', '/metrics']) {
      const [head, get] = [await call(path, { method: 'HEAD' }), await call(path)]
      assert.deepEqual([head.status, head.type, head.body], [get.status, get.type, ''], path)
    }
    assert.equal((await call('/api/v1/things/gone', { method: 'HEAD' })).status, 404)
  })

  it('sends security headers with every answer, errors included', async () => {
    for (const path of [
      '/',
      '/assets/index-abc.js',
      '/health',
      '/api/v1/things/a',
      '/api/v1/nothing',
      '/api/v1/things/broken',
    ]) {
      const { headers } = await call(path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.equal(headers.get('x-frame-options'), 'DENY', path)
      assert.match(
        headers.get('content-security-policy') ?? '',
        /default-src 'self'.*frame-ancestors 'none'/,
        path,
      )
    }
    assert.equal((await raw('/', { host: 'evil.example' })).headers['x-frame-options'], 'DENY')
  })

  it('answers on loopback only under a name of loopback', async () => {
    const { port } = server
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'LOCALHOST', `[::1]:${port}`]) {
      assert.equal((await raw('/health', { host })).status, 200, host)
    }
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.']) {
      const { status, body } = await raw('/api/v1/things/a', { host })
      assert.equal(status, 403, host)
      assert.equal(parsed(body)['code'], 'permission_denied')
    }
  })

  it('lets no page of another site change anything', async () => {
    const own = `http://127.0.0.1:${server.port}`
    const host = `127.0.0.1:${server.port}`
    for (const origin of [
      'http://evil.example',
      `http://localhost:${server.port}`,
      'null',
      'not an origin',
      '',
      'http://',
    ]) {
      for (const [method, path] of [
        ['POST', '/api/v1/things/a'],
        ['DELETE', '/api/v1/things/a'],
        ['PUT', '/api/v1/things/a/file'],
      ] as const) {
        const { status, body } = await raw(path, { host, origin }, method)
        assert.deepEqual(
          [status, parsed(body)['code']],
          [403, 'permission_denied'],
          `${method} from "${origin}"`,
        )
      }
    }
    assert.equal((await raw('/api/v1/things/a', { host, origin: own }, 'DELETE')).status, 200)
    assert.equal((await raw('/api/v1/things/a', { host }, 'DELETE')).status, 200, 'a program sends none')
  })

  it('serves the page for every path that is no file, and no file from outside of it', async () => {
    for (const path of ['/', '/runs', '/models/a/versions/3']) {
      const { status, type, body, headers } = await call(path)
      assert.deepEqual([status, type, body], [200, 'text/html; charset=utf-8', '<title>page</title>'])
      assert.equal(headers.get('cache-control'), 'no-cache')
    }
    const asset = await call('/assets/index-abc.js')
    assert.deepEqual([asset.type, asset.body], ['text/javascript; charset=utf-8', 'page()'])
    assert.match(asset.headers.get('cache-control') ?? '', /immutable/)
    assert.equal((await call('/assets/index-old.js')).status, 404)
    for (const path of [
      '/assets/../../secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/assets/%2e%2e/%2e%2e/secret.txt',
      '/assets/..\\..\\secret.txt',
      '/../secret.txt',
      '//secret.txt',
      '/assets/',
      '/assets/..',
      '/assets/index-abc.js/../../../secret.txt',
      '/assets/%00',
    ]) {
      const { status, body } = await raw(path, { host: `127.0.0.1:${server.port}` })
      assert.doesNotMatch(body, /^secret/, path)
      assert.ok(status === 200 || status === 404 || status === 400, `${path} ${status}`)
    }
  })

  it('sends events as they happen', async () => {
    const gone = new AbortController()
    const response = await fetch(`${server.url}/api/v1/live`, { signal: gone.signal })
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
    const reader = (response.body ?? assert.fail()).pipeThrough(new TextDecoderStream()).getReader()
    assert.match((await reader.read()).value ?? '', /^event: ping/)
    const { sequence } = await server.platform.events.emit({
      type: 'data.arrived',
      subject: 'dataset/a@1',
      actor: 'ada',
    })
    let received = ''
    while (!received.includes('\n\n')) received += (await reader.read()).value ?? assert.fail()
    const data = /^data: (.*)$/m.exec(received)?.[1] ?? ''
    assert.deepEqual(
      [parsed(data)['subject'], parsed(data)['sequence'], /^id: (.*)$/m.exec(received)?.[1]],
      ['dataset/a@1', sequence, String(sequence)],
    )
    gone.abort()
  })

  it('counts what it answers in the text format of Prometheus', async () => {
    await call('/api/v1/things/a')
    await call('/api/v1/things/gone')
    const { type, body } = await call('/metrics')
    assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(body, /^devmlops_http_requests_total\{method="GET",code="404"\} [1-9]/m)
    assert.match(body, /^devmlops_alerts_firing\{monitor="a\\"b\\\\c\\n"\} 2$/m)
    const names = new Set<string>()
    for (const line of body.trimEnd().split('\n')) {
      if (line.startsWith('#')) {
        const [, , name = ''] = /^# (HELP|TYPE) ([a-z_]+) \S/.exec(line) ?? assert.fail(line)
        names.add(name)
        continue
      }
      const [, name = ''] =
        /^([a-z_]+)(?:\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? (?:[\d.e+-]+|NaN|[+-]Inf)$/.exec(
          line,
        ) ?? assert.fail(line)
      assert.ok(names.has(name.replace(/_(bucket|sum|count)$/, '')) || names.has(name), `${name} has a type`)
    }
    const buckets = [...body.matchAll(/_bucket\{le="[^"]+"\} (\d+)/g)].map(([, count]) => Number(count))
    assert.deepEqual(
      buckets,
      [...buckets].sort((a, b) => a - b),
      'buckets are cumulative',
    )
    assert.equal(buckets.at(-1), Number(/_duration_seconds_count (\d+)/.exec(body)?.[1]))
  })

  it('survives what is no HTTP at all', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.end('\u0000\u0001 nonsense\r\n\r\n')
    assert.match(await text(socket), /^HTTP\/1\.1 400/)
    assert.equal((await call('/health')).body, 'OK')
  })
})

describe('a server with a token', () => {
  let server: FixtureServer
  before(async () => (server = await fixtureServer({ token: 's3cret' })))
  after(() => server.close())

  it('answers nobody without it, but says that it is alive', async () => {
    for (const path of ['/api/v1/things/a', '/api/v1/live', '/metrics']) {
      const response = await fetch(`${server.url}${path}`)
      assert.equal(response.status, 401, path)
      assert.equal(response.headers.get('www-authenticate'), 'Bearer')
      assert.doesNotMatch(await response.text(), /s3cret/)
    }
    assert.equal((await fetch(`${server.url}/health`)).status, 200)
    const authorization = 'Bearer s3cret'
    assert.equal((await fetch(`${server.url}/api/v1/things/a`, { headers: { authorization } })).status, 200)
  })

  it('records who a caller says to be behind what it knows', async () => {
    const headers = { authorization: 'Bearer s3cret', 'x-devmlops-actor': 'ann' }
    await fetch(`${server.url}/api/v1/things/a`, { method: 'DELETE', headers })
    assert.equal((await server.platform.audit.list(1))[0]?.actor, 'token/ann')
  })
})

describe('listening', () => {
  it('on a port that is taken says which, and what to do', async () => {
    const app = new Hono()
    const first = await listen(app, { host: '127.0.0.1', port: 0 })
    const port = Number(new URL(first.url).port)
    await assert.rejects(listen(app, { host: '127.0.0.1', port }), {
      code: 'port_in_use',
      message: `Port ${port} on 127.0.0.1 is taken by another program.`,
      hint: /--port/,
    })
    await first.close()
    const again = await listen(app, { host: '127.0.0.1', port })
    await again.close()
  })

  it('on an address that the machine does not have is refused', async () => {
    await assert.rejects(listen(new Hono(), { host: '203.0.113.7', port: 0 }), { code: 'invalid_input' })
  })

  it('ends while pages listen to events', { timeout: 4000 }, async () => {
    const server = await fixtureServer()
    const response = await fetch(`${server.url}/api/v1/live`)
    const reading = response.text()
    await server.close()
    assert.match(await reading, /event: ping/)
  })

  it('leaves word in the home folder for its owner only, and takes it back', async () => {
    const home = mkdtempSync(join(tmpdir(), 'devmlops-home-'))
    const withdraw = await announce(home, 'http://127.0.0.1:5000')
    const path = join(home, 'server.json')
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
      url: 'http://127.0.0.1:5000',
      pid: process.pid,
    })
    withdraw()
    assert.equal(existsSync(path), false)
    rmSync(home, { recursive: true })
  })
})

function parsed(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    return {}
  }
}
