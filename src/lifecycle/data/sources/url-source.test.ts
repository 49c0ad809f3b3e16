import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { ada, openWorkshop } from '../service.fixture.ts'

interface Site extends AsyncDisposable {
  readonly url: string
  readonly requests: IncomingMessage[]
  answer: (request: IncomingMessage, response: ServerResponse) => void
}

async function openSite(answer: Site['answer']): Promise<Site> {
  const server = createServer((request, response) => {
    site.requests.push(request)
    site.answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const site: Site = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    answer,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return site
}

const section = (url: string, more = '') => `d:\n  source: { url: "${url}"${more} }\n  mode: replace`

/** Answers bytes with an ETag, and 304 to whoever has it. */
function tagged(tag: string, body: string): Site['answer'] {
  return (request, response) => {
    if (request.headers['if-none-match'] === tag) return void response.writeHead(304).end()
    response.writeHead(200, { etag: tag, 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' }).end(body)
  }
}

test('fetches once, asks with the ETag afterwards, and takes what is new', async () => {
  await using site = await openSite(tagged('"1"', 'a\n1\n'))
  await using workshop = await openWorkshop(section(`${site.url}/export/data.csv?day=1`))
  const first = await workshop.service.add('d', {}, ada)
  assert.deepEqual([first.created, first.version?.rows], [true, 1])
  const { source, parts } = await workshop.service.get('d', 1)
  assert.deepEqual(source, {
    kind: 'url',
    url: `${site.url}/export/data.csv?day=1`,
    etag: '"1"',
    lastModified: 'Wed, 21 Oct 2015 07:28:00 GMT',
  })
  assert.equal(parts[0]?.path, `${site.url}/export/data.csv?day=1`)

  const same = await workshop.service.add('d', {}, ada)
  assert.deepEqual([same.created, same.arrivals[0]?.state], [false, 'known'])
  assert.equal(site.requests.at(-1)?.headers['if-none-match'], '"1"')

  site.answer = tagged('"2"', 'a\n1\n2\n')
  const next = await workshop.service.add('d', {}, ada)
  assert.deepEqual([next.version?.version, next.version?.rows], [2, 2])
  assert.deepEqual(await readdir(join(workshop.home, 'spool')), [])
})

test('answers a refusal again without fetching, until the rules change', async () => {
  await using site = await openSite(tagged('"1"', 'a\n1\n'))
  const url = `${site.url}/data.csv`
  await using workshop = await openWorkshop(
    `${section(url)}\n  expectations: [{ row_count: { at_least: 2 } }]`,
  )
  assert.equal((await workshop.service.add('d', {}, ada)).arrivals[0]?.state, 'rejected')
  assert.equal((await workshop.service.add('d', {}, ada)).arrivals[0]?.state, 'rejected')
  assert.equal(site.requests.at(-1)?.headers['if-none-match'], '"1"')
  await workshop.describe(section(url))
  assert.equal((await workshop.service.add('d', {}, ada)).created, true)
  assert.equal(site.requests.at(-1)?.headers['if-none-match'], undefined)
})

test('names what went wrong on the way, and keeps nothing of it', async () => {
  await using site = await openSite(tagged('"1"', `a\n${'1\n'.repeat(1000)}`))
  const url = `${site.url}/data.csv`
  await using workshop = await openWorkshop(section(url, ', maximum_size: 1kB'))
  await assert.rejects(workshop.service.add('d', {}, ada), { code: 'payload_too_large' })
  await workshop.describe(section(url, ', timeout: 50ms'))
  site.answer = () => undefined
  await assert.rejects(workshop.service.add('d', {}, ada), { code: 'timed_out' })
  site.answer = (_, response) => void response.writeHead(404).end()
  await assert.rejects(workshop.service.add('d', {}, ada), { code: 'not_found' })
  site.answer = (_, response) => void response.writeHead(500).end()
  await assert.rejects(workshop.service.add('d', {}, ada), { code: 'server_unreachable' })
  site.answer = (_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('a\n1\n')
    response.socket?.end()
  }
  await workshop.describe(section(url))
  await assert.rejects(workshop.service.add('d', {}, ada), { code: 'server_unreachable' })
  await workshop.describe(section('http://127.0.0.1:1/data.csv'))
  await assert.rejects(workshop.service.add('d', {}, ada), { code: 'server_unreachable' })
  assert.deepEqual(await readdir(join(workshop.home, 'spool')), [])
  assert.equal((await workshop.service.list())[0]?.latest, null)
})

test('takes the format from the content type when the address does not tell', async () => {
  await using site = await openSite((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end('[{"a":1}]')
  })
  await using workshop = await openWorkshop(section(`${site.url}/api/rows`))
  assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 1)
})
