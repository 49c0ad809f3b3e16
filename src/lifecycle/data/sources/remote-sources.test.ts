import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import { fixtureS3 } from '#platform/blobs/s3-server.fixture'
import { createArrivals } from '../arrivals/arrivals-service.ts'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'
import { createDataStore } from '../store.ts'

const settings = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_ENDPOINT_URL', 'AWS_REGION'] as const
afterEach(() => {
  for (const name of settings) delete process.env[name]
})

async function openBucket() {
  const s3 = await fixtureS3({ bucket: 'models', prefix: 'team/' })
  const { accessKeyId, secretAccessKey, endpoint, region } = s3.location
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
  })
  return s3
}

test('takes the objects that match, and fetches only those that changed', async () => {
  const s3 = await openBucket()
  try {
    const put = (key: string, text: string): void => void s3.objects.set(key, Buffer.from(text))
    put('raw/2024/a.csv', 'id\n1\n')
    put('raw/2024/b.csv', 'id\n2\n')
    put('raw/2024/readme.txt', 'not data')
    put('raw/2024/deep/c.csv', 'id\n3\n')
    await using workshop = await openWorkshop('d:\n  source: { s3: "s3://models/raw/2024/*.csv" }')
    const first = await workshop.service.add('d', {}, ada)
    assert.deepEqual([first.version?.version, first.version?.rows], [1, 2])
    const fetched = (): string[] =>
      s3.requests.filter((line) => !line.includes('?') && line.endsWith('.csv')).splice(0)
    assert.equal(fetched().length, 2)
    s3.requests.length = 0
    assert.equal((await workshop.service.add('d', {}, ada)).created, false)
    assert.equal(fetched().length, 0)
    put('raw/2024/e.csv', 'id\n5\n')
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 3)
    assert.deepEqual(fetched(), ['GET /models/raw/2024/e.csv'])
    const { source, parts } = await workshop.service.get('d', 1)
    assert.deepEqual(source, {
      kind: 's3',
      objects: ['s3://models/raw/2024/a.csv', 's3://models/raw/2024/b.csv'],
    })
    assert.equal(parts[0]?.path, 's3://models/raw/2024/a.csv')
  } finally {
    await s3.close()
  }
})

test('a set that replaces all is read whole, its unchanged objects from the store', async () => {
  const s3 = await openBucket()
  try {
    s3.objects.set('x/a.csv', Buffer.from('id\n1\n'))
    s3.objects.set('x/b.csv', Buffer.from('id\n2\n'))
    await using workshop = await openWorkshop('d:\n  source: { s3: "s3://models/x/*" }\n  mode: replace')
    await workshop.service.add('d', {}, ada)
    s3.objects.set('x/b.csv', Buffer.from('id\n20\n21\n'))
    s3.requests.length = 0
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 3)
    assert.deepEqual(
      s3.requests.filter((line) => line.endsWith('.csv')),
      ['GET /models/x/b.csv'],
    )
    assert.equal((await workshop.service.add('d', {}, ada)).created, false)
    s3.objects.delete('x/a.csv')
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 2)
  } finally {
    await s3.close()
  }
})

test('says what S3 lacks: credentials, objects, the right to read', async () => {
  await using workshop = await openWorkshop('d:\n  source: { s3: "s3://models/x/*" }')
  await assert.rejects(workshop.service.add('d', {}, ada), /no credentials for S3/)
  const s3 = await openBucket()
  try {
    await assert.rejects(workshop.service.add('d', {}, ada), /No object matches s3:\/\/models\/x\/\*/)
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong'
    await assert.rejects(workshop.service.add('d', {}, ada), { code: 'permission_denied' })
  } finally {
    await s3.close()
  }
})

/** Another server, as far as a source asks it. */
async function serve({ platform, project, service }: Workshop) {
  const arrivals = createArrivals({ platform, project, service, store: createDataStore(platform.database) })
  const requests: string[] = []
  const server = createServer((request, response) => {
    void (async () => {
      requests.push(`${request.url} ${request.headers.authorization ?? ''}`)
      if (request.headers.authorization !== 'Bearer secret') {
        return void response
          .writeHead(401)
          .end(JSON.stringify({ code: 'unauthenticated', detail: 'The token is unknown.' }))
      }
      if (request.url?.endsWith('/latest') === true) {
        return void response.end(JSON.stringify(await service.get('d', 'latest')))
      }
      const { body } = await arrivals.rowsFile('d', Number(/versions\/(\d+)/.exec(request.url ?? '')?.[1]))
      response.end(Buffer.from(await new Response(body as ReadableStream<Uint8Array>).arrayBuffer()))
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

test('takes the rows of another server, only when it has a newer version', async () => {
  await using other = await openWorkshop('d:\n  source: { files: "*.csv" }')
  await other.write('1.csv', ['a,b', '1,2024-01-01', '2,'])
  await other.service.add('d', {}, ada)
  await using server = await serve(other)
  const source = `{ server: { url: "${server.url}", dataset: d, token_env: TEST_OTHER_TOKEN } }`
  await using workshop = await openWorkshop(`mirror:\n  source: ${source}`)
  await assert.rejects(workshop.service.add('mirror', {}, ada), /TEST_OTHER_TOKEN is not set/)
  process.env['TEST_OTHER_TOKEN'] = 'wrong'
  await assert.rejects(workshop.service.add('mirror', {}, ada), { code: 'unauthenticated' })
  process.env['TEST_OTHER_TOKEN'] = 'secret'
  assert.equal((await workshop.service.add('mirror', {}, ada)).version?.rows, 2)
  const { source: told, columns } = await workshop.service.get('mirror', 1)
  assert.deepEqual(told, { kind: 'server', url: server.url, dataset: 'd', version: 1 })
  assert.deepEqual(
    columns.map(({ type }) => type),
    ['integer', 'date'],
  )
  server.requests.length = 0
  assert.equal((await workshop.service.add('mirror', {}, ada)).created, false)
  assert.equal(server.requests.length, 1)
  await other.write('2.csv', ['a,b', '3,2024-01-03'])
  await other.service.add('d', {}, ada)
  const next = await workshop.service.add('mirror', {}, ada)
  assert.deepEqual([next.version?.version, next.version?.rows], [2, 3])
})
