import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { createClient, httpTransport } from '#contract/client'
import { errorTable, toProblem, DevmlopsError, type ErrorCode } from '#contract/errors'
import { fixtureServer, thingsContract, type FixtureServer } from './server.fixture.ts'

describe('the client over HTTP', () => {
  let server: FixtureServer
  before(async () => (server = await fixtureServer({ token: 's3cret' })))
  after(() => server.close())

  const client = (url = server.url, token = 's3cret') =>
    createClient(thingsContract, httpTransport({ url, token }))

  it('carries every kind of field there and back', async () => {
    const search = { limit: 7, exact: false, types: ['a,b', '"'], labels: { 'k&': 'ü' } }
    assert.deepEqual(await client().search(search), search)
    assert.deepEqual(await client().search({}), { limit: 10 })
    const change = { name: 'a/b ?#%ü', nested: { rows: [{ value: -1.5 }] }, note: null, timeout: '1m 30s' }
    assert.deepEqual(await client().change(change), { ...change, timeout: 90_000 })
    assert.deepEqual(await client().change({ name: 'a', note: undefined }), { name: 'a', timeout: 30_000 })
    assert.deepEqual(await client().remove({ name: '42', force: true }), { name: '42', force: true })
  })

  it('carries bytes both ways', async () => {
    const size = 3_000_000
    const whole = await client().upload({ name: 'a', part: 1 }, { body: new Uint8Array(size) })
    assert.equal(whole.sizeBytes, size)
    const pieces = ReadableStream.from([new Uint8Array(size), new Uint8Array(5)])
    assert.equal((await client().upload({ name: 'a' }, { body: pieces })).sizeBytes, size + 5)
    const { body, contentType, fileName } = await client().download({ name: 'flights' })
    assert.equal(await text(body as ReadableStream), 'bytes of flights')
    assert.deepEqual([contentType, fileName], ['text/csv', 'flights___x__y.csv'])
  })

  it('fails with the very error of the server: code, message, hint and place', async () => {
    await assert.rejects(client().get({ name: 'gone' }), {
      name: 'DevmlopsError',
      code: 'not_found',
      message: 'There is no thing "gone".',
      hint: 'List them.',
      at: 'name',
    })
    await assert.rejects(client().search({ limit: 0 }), { code: 'invalid_input', at: 'limit' })
    await assert.rejects(client(server.url, 'wrong').search({}), {
      code: 'unauthenticated',
      hint: /DEVMLOPS_TOKEN/,
    })
    await assert.rejects(client().get({ name: 'broken' }), { code: 'internal' })
  })

  it('knows every error of the table again', async () => {
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const error = new DevmlopsError(code, 'why', { hint: 'how', at: 'there' })
      const answering = await stranger((_request, response) => {
        response.writeHead(errorTable[code].status, { 'content-type': 'application/problem+json' })
        response.end(JSON.stringify(toProblem(error)))
      })
      await assert.rejects(client(answering.url).search({}), {
        code,
        message: 'why',
        hint: 'how',
        at: 'there',
      })
      await answering.close()
    }
  })

  it('says that nobody answers, and why', async () => {
    const gone = await stranger(() => undefined)
    await gone.close()
    await assert.rejects(client(gone.url).search({}), {
      code: 'server_unreachable',
      message: /ECONNREFUSED/,
      hint: /devmlops server/,
    })
    await assert.rejects(client('nowhere').search({}), { code: 'server_unreachable' })
  })

  it('tells what is no DevMLOps, and one of another version', async () => {
    const page = await stranger((_request, response) => response.end('<html>Welcome</html>'))
    await assert.rejects(client(page.url).search({}), {
      code: 'server_unreachable',
      message: /<html>Welcome/,
    })
    await page.close()
    const proxy = await stranger((_request, response) => response.writeHead(502).end('Bad Gateway'))
    await assert.rejects(client(proxy.url).search({}), { message: /HTTP 502 Bad Gateway/ })
    await proxy.close()
    const newer = await stranger((_request, response) => response.end('{"title":"a thing"}'))
    await assert.rejects(client(newer.url).get({ name: 'a' }), { code: 'internal', hint: /same version/ })
    await newer.close()
  })

  it('keeps the path that a proxy puts before the server', async () => {
    const paths: string[] = []
    const proxy = await stranger((request, response) => {
      paths.push(request.url ?? '')
      response.end('{}')
    })
    await client(`${proxy.url}/team/devmlops/`).search({ limit: 3 })
    assert.deepEqual(paths, ['/team/devmlops/api/v1/things?limit=3'])
    await proxy.close()
  })

  it('stops when it is told to', async () => {
    const slow = await stranger(() => undefined)
    const stop = new AbortController()
    const calling = client(slow.url).search({}, { signal: stop.signal })
    stop.abort()
    await assert.rejects(calling, { code: 'cancelled' })
    await slow.close()
  })

  it('never lets a name lead to another path', async () => {
    for (const name of ['.', '..', '']) {
      await assert.rejects(client().get({ name }), { code: 'invalid_input', at: 'name' })
    }
    assert.equal((await client().get({ name: '../x' })).name, '../x')
  })
})

async function stranger(listener: RequestListener): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
