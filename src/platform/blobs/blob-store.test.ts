import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { noTinyDisk, tinyDisk } from '../tiny-disk.fixture.ts'
import { digestOf, fileBlobStore, type BlobStore, type Digest } from './index.ts'
import { s3BlobStore } from './s3-blob-store.ts'
import { fixtureS3 } from './s3-server.fixture.ts'

const folders: string[] = []
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const absent: Digest = `sha256:${'0'.repeat(64)}`

interface Subject {
  readonly store: BlobStore
  /** The same blobs, opened by another process or on another machine. */
  readonly elsewhere: BlobStore
  close(): Promise<void>
}

const kinds: Record<string, () => Promise<Subject>> = {
  'a folder': async () => {
    const root = newFolder()
    return {
      store: fileBlobStore(root),
      elsewhere: fileBlobStore(root),
      close: async () => undefined,
    }
  },
  S3: async () => {
    const [server, ...caches] = [await fixtureS3(), newFolder(), newFolder()] as const
    return {
      store: s3BlobStore(server.location, caches[0]),
      elsewhere: s3BlobStore(server.location, caches[1]),
      close: () => server.close(),
    }
  },
}

for (const [name, open] of Object.entries(kinds)) {
  describe(`blobs in ${name}`, () => {
    const testWith = (title: string, run: (subject: Subject) => Promise<void>): void => {
      it(title, async () => {
        const subject = await open()
        try {
          await run(subject)
        } finally {
          await subject.close()
        }
      })
    }

    testWith('come back byte for byte, whole, as a stream and as a file', async ({ store, elsewhere }) => {
      const content = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 251)
      const stored = await store.put(content)
      assert.deepEqual(stored, { digest: digestOf(content), sizeBytes: 3_000_000 })
      for (const reader of [store, elsewhere]) {
        assert.deepEqual(await reader.head(stored.digest), stored)
        assert.ok(Buffer.from(content).equals(await reader.get(stored.digest)))
        assert.ok(Buffer.from(content).equals(await collect(await reader.stream(stored.digest))))
        assert.ok(Buffer.from(content).equals(readFileSync(await reader.localPath(stored.digest))))
      }
    })

    testWith('have the digest of their bytes, however they arrive', async ({ store }) => {
      async function* pieces(): AsyncIterable<Uint8Array> {
        yield bytes('a,b')
        yield bytes('')
        yield bytes('\n1,2\n')
      }
      const folder = newFolder()
      writeFileSync(join(folder, 'file'), 'a,b\n1,2\n')
      const digests = [
        await store.put(bytes('a,b\n1,2\n')),
        await store.put(pieces()),
        await store.putFile(join(folder, 'file')),
      ]
      assert.equal(new Set(digests.map(({ digest }) => digest)).size, 1)
      assert.deepEqual(await list(store), [digests[0]?.digest])
    })

    testWith('may be empty', async ({ store, elsewhere }) => {
      const { digest, sizeBytes } = await store.put(new Uint8Array())
      assert.equal(sizeBytes, 0)
      assert.equal((await elsewhere.get(digest)).length, 0)
      assert.equal((await elsewhere.head(digest))?.sizeBytes, 0)
    })

    testWith('are one blob when many put the same bytes at once', async ({ store, elsewhere }) => {
      const content = bytes('the same'.repeat(10_000))
      const writers = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? store : elsewhere))
      const stored = await Promise.all(writers.map((writer) => writer.put(content)))
      assert.equal(new Set(stored.map(({ digest }) => digest)).size, 1)
      assert.deepEqual(await list(store), [digestOf(content)])
      assert.ok(Buffer.from(content).equals(await store.get(digestOf(content))))
    })

    testWith('are all listed, and no longer when they are removed', async ({ store, elsewhere }) => {
      const digests: Digest[] = []
      for (let index = 0; index < 7; index++) digests.push((await store.put(bytes(`blob ${index}`))).digest)
      assert.deepEqual(await list(elsewhere), [...digests].sort())
      await store.remove(digests[3] as Digest)
      await store.remove(digests[3] as Digest)
      assert.equal(await store.head(digests[3] as Digest), undefined)
      assert.deepEqual((await list(store)).length, 6)
    })

    testWith('that were never stored are not found', async ({ store }) => {
      assert.equal(await store.head(absent), undefined)
      for (const read of [store.get, store.stream, store.localPath]) {
        await assert.rejects(read(absent), { code: 'not_found' })
      }
      await assert.rejects(store.get('sha256:../../etc/passwd'), { code: 'invalid_input' })
    })

    testWith('whose source fails in the middle are not stored', async ({ store }) => {
      async function* broken(): AsyncIterable<Uint8Array> {
        yield bytes('half')
        throw new Error('connection lost')
      }
      await assert.rejects(store.put(broken()), /connection lost/)
      assert.deepEqual(await list(store), [])
    })
  })
}

describe('a folder of blobs', () => {
  it('holds no half blob when its process is killed with -9 in the middle of a put', async () => {
    const root = newFolder()
    const child = spawn(
      process.execPath,
      ['--conditions=source', join(import.meta.dirname, 'blob-put-child.fixture.ts'), root],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const store = fileBlobStore(root)
    assert.deepEqual(await list(store), [])
    const [left = ''] = readdirSync(join(root, 'tmp'))
    assert.notEqual(left, '', 'what it had written lies aside')

    const twoDaysAgo = Date.now() / 1000 - 48 * 3600
    utimesSync(join(root, 'tmp', left), twoDaysAgo, twoDaysAgo)
    await store.put(bytes('x'))
    assert.deepEqual(readdirSync(join(root, 'tmp')), [], 'and is swept away when it is old')
  })

  it('finds a flipped bit, and is healed by storing the bytes again', async () => {
    const root = newFolder()
    const store = fileBlobStore(root)
    const content = bytes('model'.repeat(1000))
    const { digest } = await store.put(content)
    const path = await store.localPath(digest)
    const damaged = Buffer.from(content)
    damaged.writeUInt8(damaged.readUInt8(1234) ^ 1, 1234)
    chmodSync(path, 0o644)
    writeFileSync(path, damaged)
    await assert.rejects(store.get(digest), { code: 'storage_corrupt' })
    await assert.rejects(store.stream(digest).then(collect), { code: 'storage_corrupt' })
    await store.put(content)
    assert.ok(Buffer.from(content).equals(await store.get(digest)))
  })

  it('on a full disk refuses what does not fit and changes nothing', async (context) => {
    const disk = tinyDisk(2_000_000)
    if (disk === undefined) return context.skip(noTinyDisk)
    try {
      const store = fileBlobStore(join(disk.directory, 'blobs'))
      const small = await store.put(bytes('small'))
      await assert.rejects(store.put(new Uint8Array(3_000_000)), {
        code: 'storage_full',
        message: /^The disk is full/,
      })
      assert.deepEqual(await list(store), [small.digest])
      assert.deepEqual(
        readdirSync(join(disk.directory, 'blobs', 'tmp')),
        [],
        'the half-written bytes are gone',
      )
      await store.put(new Uint8Array(500_000))
    } finally {
      disk.remove()
    }
  })

  it('passes over files that are no blobs', async () => {
    const root = newFolder()
    const store = fileBlobStore(root)
    const { digest } = await store.put(bytes('x'))
    writeFileSync(join(root, 'sha256', digest.slice(7, 9), '.nfs0001'), '')
    assert.deepEqual(await list(store), [digest])
  })
})

describe('an S3 store', () => {
  it('are asked for again when the service is busy or the line breaks', async () => {
    const server = await fixtureS3()
    const store = s3BlobStore(server.location, newFolder(), { firstPauseMs: 1 })
    server.busy = 2
    const { digest } = await store.put(bytes('x'))
    assert.equal(server.objects.size, 1)
    server.busy = 2
    assert.equal((await store.head(digest))?.sizeBytes, 1)
    await server.close()
    await assert.rejects(store.head(digest), { code: 'server_unreachable', message: /ECONNREFUSED/ })
  })

  it('are not stored without a bucket or with wrong credentials, and that is said', async () => {
    const server = await fixtureS3()
    const noBucket = s3BlobStore({ ...server.location, bucket: 'none' }, newFolder())
    await assert.rejects(noBucket.put(bytes('x')), {
      code: 'server_unreachable',
      message: /404 NoSuchBucket/,
    })
    const wrongKey = s3BlobStore({ ...server.location, secretAccessKey: 'guessed' }, newFolder())
    await assert.rejects(wrongKey.put(bytes('x')), { code: 'permission_denied', message: /403/ })
    assert.equal(server.requests.filter((request) => request.startsWith('PUT')).length, 1, 'no retry helps')
    await server.close()
  })

  it('are uploaded once, and read over the network once', async () => {
    const server = await fixtureS3()
    const store = s3BlobStore(server.location, newFolder())
    const { digest } = await store.put(bytes('x'))
    await store.put(bytes('x'))
    const elsewhere = s3BlobStore(server.location, newFolder())
    await elsewhere.get(digest)
    await elsewhere.localPath(digest)
    assert.equal(server.requests.filter((request) => request.startsWith('PUT')).length, 1)
    assert.equal(server.requests.filter((request) => request.startsWith('GET')).length, 1)
    await server.close()
  })

  it('whose local copy is damaged are fetched again; a damaged object is refused', async () => {
    const server = await fixtureS3()
    const store = s3BlobStore(server.location, newFolder())
    const { digest } = await store.put(bytes('model'))
    const copy = await store.localPath(digest)
    chmodSync(copy, 0o644)
    writeFileSync(copy, 'mopel')
    assert.deepEqual(Buffer.from(await store.get(digest)).toString(), 'model')

    for (const key of server.objects.keys()) server.objects.set(key, Buffer.from('mopel'))
    const elsewhere = s3BlobStore(server.location, newFolder())
    await assert.rejects(elsewhere.get(digest), { code: 'storage_corrupt' })
    await assert.rejects(
      elsewhere.localPath(digest),
      { code: 'storage_corrupt' },
      'it never enters the cache',
    )
    await server.close()
  })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'devmlops-blobs-'))
  folders.push(folder)
  return folder
}

async function list(store: BlobStore): Promise<Digest[]> {
  const digests: Digest[] = []
  for await (const { digest } of store.list()) digests.push(digest)
  return digests.sort()
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}
