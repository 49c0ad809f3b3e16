import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { digestOf } from './index.ts'
import { s3BlobStore } from './s3-blob-store.ts'
import { createS3Client } from './s3-client.ts'
import { fixtureS3 } from './s3-server.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'devmlops-multipart-'))
after(() => rmSync(folder, { recursive: true }))

const partBytes = 100_000
/** Three parts: two whole ones and a rest. */
const large = Buffer.alloc(2 * partBytes + 999, 'some bytes that are not all the same. ')
const isPart = (request: string): boolean => request.startsWith('PUT') && request.includes('partNumber')

test('a large blob goes up in parts, and an upload that broke off is taken up where it was', async () => {
  const server = await fixtureS3()
  const store = s3BlobStore(server.location, join(folder, 'one'), { firstPauseMs: 1, partBytes })
  // HEAD, the uploads under way, the beginning and the first part come through.
  server.diesAfter = 4
  await assert.rejects(store.put(large), { code: 'server_unreachable' })
  assert.equal(server.objects.size, 0, 'nothing has the name before all of it is there')
  server.diesAfter = undefined
  const sent = server.requests.filter(isPart).length
  assert.equal(sent, 1)

  const elsewhere = s3BlobStore(server.location, join(folder, 'two'), { partBytes })
  const { digest } = await elsewhere.put(large)
  assert.equal(server.requests.filter(isPart).length - sent, 2, 'the part that was there was not sent again')
  assert.deepEqual([...server.objects.values()].map(digestOf), [digest])
  assert.equal(server.uploads.size, 0)
  await server.close()
})

test('a large blob whose copy here has changed is not uploaded', async () => {
  const server = await fixtureS3()
  const store = s3BlobStore(server.location, join(folder, 'three'), { firstPauseMs: 1, partBytes })
  server.diesAfter = 1
  await assert.rejects(store.put(large), { code: 'server_unreachable' })
  server.diesAfter = undefined
  const hex = digestOf(large).slice('sha256:'.length)
  const path = join(folder, 'three', 'blobs', 'sha256', hex.slice(0, 2), hex.slice(2))
  chmodSync(path, 0o644)
  const changed = Buffer.from(large)
  changed[100] = (changed[100] ?? 0) ^ 1
  writeFileSync(path, changed)
  const { uploadBlobFile } = await import('./s3-multipart.ts')
  await assert.rejects(
    uploadBlobFile(
      createS3Client(server.location),
      { key: 'team/x', path, blob: { digest: digestOf(large), sizeBytes: large.length } },
      { partBytes },
    ),
    { code: 'storage_corrupt' },
  )
  assert.deepEqual([server.objects.size, server.uploads.size], [0, 0])
  await server.close()
})

test('an object that is to be written only where there is none is written once', async () => {
  const server = await fixtureS3()
  const client = createS3Client(server.location)
  const put = (text: string): Promise<boolean> =>
    client.put('team/a b&c.json', new TextEncoder().encode(text), {
      sha256: digestOf(new TextEncoder().encode(text)).slice('sha256:'.length),
      onlyIfAbsent: true,
    })
  const answers = await Promise.all(['first', 'second', 'third'].map(put))
  assert.equal(answers.filter(Boolean).length, 1)
  const body = (await client.get('team/a b&c.json', { first: 1, last: 2 })) ?? assert.fail('nothing there')
  let text = ''
  for await (const chunk of body) text += Buffer.from(chunk).toString()
  assert.equal(text.length, 2)
  await server.close()
})
