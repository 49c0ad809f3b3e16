import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileBlobStore, type BlobUploads } from './index.ts'

const folders: string[] = []
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

async function* pieces(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

describe('an upload in parts', () => {
  const open = () => {
    const root = mkdtempSync(join(tmpdir(), 'devmlops-uploads-'))
    folders.push(root)
    const store = fileBlobStore(root)
    return { root, store, uploads: store.uploads as BlobUploads }
  }

  it('becomes one blob of its parts by their numbers, in whatever order they came', async () => {
    const { root, store, uploads } = open()
    const id = await uploads.begin('big.bin')
    // As after a restart: nothing but the folder is known.
    const again = fileBlobStore(root).uploads as BlobUploads
    const [second, , first] = await Promise.all([
      again.putPart(id, 2, pieces('c', 'd')),
      uploads.putPart(id, 1, pieces('wrong')),
      uploads.putPart(id, 1, pieces('a', 'b')),
    ])
    const parts = [
      { number: 2, etag: second },
      { number: 1, etag: first },
    ]
    const blob = await again.complete({ id, label: 'big.bin' }, parts)
    assert.equal(Buffer.from(await store.get(blob.digest)).toString(), 'abcd')
    assert.deepEqual(await uploads.complete({ id, label: 'big.bin' }, parts), blob, 'asked again')
    assert.deepEqual(readdirSync(join(root, 'uploads', id)).sort(), ['done', 'label'])
  })

  it('refuses to end with parts that were not uploaded, or that are damaged', async () => {
    const { root, store, uploads } = open()
    const id = await uploads.begin('x')
    const etag = await uploads.putPart(id, 1, pieces('abc'))
    const upload = { id, label: 'x' }
    for (const parts of [
      [{ number: 2, etag }],
      [{ number: 1, etag: '00000000-3' }],
      [{ number: 1, etag: '../../x' }],
    ]) {
      await assert.rejects(uploads.complete(upload, parts), { code: 'invalid_input', at: 'parts' })
    }
    truncateSync(join(root, 'uploads', id, `part-1-${etag}`), 2)
    await assert.rejects(uploads.complete(upload, [{ number: 1, etag }]), { code: 'invalid_input' })
    assert.deepEqual(await Array.fromAsync(store.list()), [])
    await uploads.putPart(id, 1, pieces('abc'))
    assert.equal((await uploads.complete(upload, [{ number: 1, etag }])).sizeBytes, 3)
  })

  it('leaves nothing of a part that broke off', async () => {
    const { root, uploads } = open()
    const id = await uploads.begin('x')
    const broken = async function* (): AsyncIterable<Uint8Array> {
      yield Buffer.from('half')
      throw new Error('connection lost')
    }
    await assert.rejects(uploads.putPart(id, 1, broken()), /connection lost/)
    assert.deepEqual(readdirSync(join(root, 'uploads', id)), ['label'])
  })

  it('is ended only by who knows its id and what it is for', async () => {
    const { root, uploads } = open()
    const id = await uploads.begin('x')
    for (const upload of [
      { id, label: 'y' },
      { id: '0'.repeat(32), label: 'x' },
      { id: '../x', label: 'x' },
    ]) {
      await assert.rejects(uploads.abort(upload), { code: 'not_found' })
      await assert.rejects(uploads.complete(upload, [{ number: 1, etag: '00000000-0' }]), {
        code: 'not_found',
      })
    }
    await uploads.abort({ id, label: 'x' })
    assert.equal(existsSync(join(root, 'uploads', id)), false)
    await assert.rejects(uploads.putPart(id, 1, pieces('x')), { code: 'not_found' })
  })

  it('is swept away when nothing came for a day', async () => {
    const { root, uploads } = open()
    const id = await uploads.begin('x')
    const twoDaysAgo = Date.now() / 1000 - 48 * 3600
    utimesSync(join(root, 'uploads', id), twoDaysAgo, twoDaysAgo)
    const other = await (fileBlobStore(root).uploads as BlobUploads).begin('y')
    assert.deepEqual(readdirSync(join(root, 'uploads')), [other])
  })
})
