import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { digestOf, type BlobStore } from '../blobs/index.ts'
import { s3BlobStore } from '../blobs/s3-blob-store.ts'
import { fixtureS3 } from '../blobs/s3-server.fixture.ts'
import { createRandom } from '../random.ts'
import { collect, openFilesFixture, type FilesFixture } from './files.fixture.ts'

const random = createRandom(11)

function noise(length: number): Uint8Array {
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random.integer())
  return new Uint8Array(words.buffer, 0, length)
}

function csv(rows: number, seed: number): string[] {
  const numbers = createRandom(seed)
  return Array.from(
    { length: rows },
    (_, row) => `${row},${numbers.below(1e9)},${['card', 'cash'][row % 2]},${numbers.uniform()}`,
  )
}

function write(home: string, name: string, content: Uint8Array | string): string {
  const path = join(home, 'work', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

/** Files of every way that a file can be kept. */
function someFiles(home: string): string[] {
  const sizes = [0, 1, 300, 2047, 2048, 131_072, 131_073, 700_000, 1_048_575, 1_048_576, 1_048_577, 5_000_000]
  const kinds = sizes.flatMap((size) => [
    write(home, `noise-${size}`, noise(size)),
    write(home, `zeros-${size}`, new Uint8Array(size)),
    write(
      home,
      `text-${size}`,
      csv(Math.ceil(size / 25), size)
        .join('\n')
        .slice(0, size),
    ),
  ])
  const small = Array.from({ length: 600 }, (_, at) => write(home, `small/${at}`, noise(random.below(900))))
  return [...kinds, ...small, write(home, 'again', readFileSync(kinds.at(-1) ?? ''))]
}

const kinds: Record<
  string,
  () => Promise<{ blobs?: (home: string) => BlobStore; close: () => Promise<void> }>
> = {
  'a folder of blobs': async () => ({ close: async () => undefined }),
  S3: async () => {
    const server = await fixtureS3()
    return {
      blobs: (home) => s3BlobStore(server.location, join(home, 'cache')),
      close: () => server.close(),
    }
  },
}

for (const [name, open] of Object.entries(kinds)) {
  describe(`files on ${name}`, () => {
    it('come back byte for byte in every way, whatever their size and content', async () => {
      const { blobs, close } = await open()
      await using cleanup = new AsyncDisposableStack()
      cleanup.defer(close)
      await using fixture = await openFilesFixture(blobs === undefined ? {} : { blobs })
      const paths = someFiles(fixture.home)
      const stored = await fixture.store(...paths)
      const contents = paths.map((path) => readFileSync(path))
      assert.deepEqual(
        stored,
        contents.map((bytes) => ({ digest: digestOf(bytes), sizeBytes: bytes.length })),
      )
      const target = (index: number): string => join(fixture.home, 'out', String(index % 7), String(index))
      await fixture.files.materialize(
        stored.map(({ digest }, index) => ({ digest, path: target(index), executable: index % 2 === 0 })),
      )
      for (const [index, bytes] of contents.entries()) {
        assert.ok(bytes.equals(readFileSync(target(index))), paths[index])
        assert.equal((statSync(target(index)).mode & 0o100) !== 0, index % 2 === 0)
      }
      for (const [index, { digest }] of stored.entries()) {
        if (index > 40 && index % 50 !== 0) continue
        assert.ok(contents[index]?.equals(await whole(fixture, digest)), paths[index])
        assert.ok(contents[index]?.equals(readFileSync(await fixture.files.localPath(digest))), paths[index])
      }
      assert.deepEqual(await collect(fixture.files.verify(stored.map(({ digest }) => digest))), [])
      const again = await fixture.storedBytes()
      assert.deepEqual(await fixture.store(...paths), stored)
      assert.equal(await fixture.storedBytes(), again, 'the same again is nothing new')
      assert.deepEqual(
        readdirSync(join(fixture.home, 'out', '0')).filter((file) => file.startsWith('.')),
        [],
      )
    })
  })
}

async function whole(
  { files }: FilesFixture,
  digest: Parameters<FilesFixture['files']['stream']>[0],
): Promise<Buffer> {
  return Buffer.concat(await collect(await files.stream(digest)))
}

describe('what is stored of files', () => {
  it('is little for a version with rows inserted, and less than the text itself', async () => {
    await using fixture = await openFilesFixture()
    const rows = csv(200_000, 3)
    const text = rows.join('\n')
    await fixture.store(write(fixture.home, 'a.csv', text))
    const first = await fixture.storedBytes()
    assert.ok(first < text.length * 0.75, `${first} of ${text.length}`)
    rows.splice(100_000, 0, ...csv(100, 4))
    const reports: number[] = []
    const path = write(fixture.home, 'b.csv', rows.join('\n'))
    const report = ({ newBytes }: { newBytes: number }) => void reports.push(newBytes)
    await collect(fixture.files.store([{ path, name: 'b.csv' }], { report }))
    const added = (await fixture.storedBytes()) - first
    assert.ok(added < 300_000, `${added} bytes are new`)
    assert.equal(reports.at(-1), added)
  })

  it('is one block for many small files, and the file itself for a large one that does not compress', async () => {
    await using fixture = await openFilesFixture()
    const small = Array.from({ length: 700 }, (_, at) => write(fixture.home, `small/${at}`, noise(200)))
    const stored = await fixture.store(...small)
    assert.equal((await collect(fixture.blobs.list())).length, 1)
    const blocks = await collect(fixture.files.withBlocks(stored.map(({ digest }) => digest)))
    assert.equal(new Set(blocks).size, 701)
    const [large] = await fixture.store(write(fixture.home, 'large', noise(3_000_000)))
    assert.ok(large !== undefined)
    assert.equal(await fixture.files.localPath(large.digest), await fixture.blobs.localPath(large.digest))
  })

  it('is the file itself also when it is written past the page cache', async () => {
    await using fixture = await openFilesFixture()
    // Its end is no whole block of the disk.
    const bytes = Buffer.concat([...Array.from({ length: 9 }, () => noise(8_000_000)), noise(1234)])
    const [stored] = await fixture.store(write(fixture.home, 'huge', bytes))
    assert.deepEqual(stored, { digest: digestOf(bytes), sizeBytes: 72_001_234 })
    assert.ok(bytes.equals(readFileSync(await fixture.blobs.localPath(digestOf(bytes)))))
    assert.deepEqual(await collect(fixture.files.verify([digestOf(bytes)])), [])
  })

  it('is shared by large files that do not compress, once they have chunks in common', async () => {
    await using fixture = await openFilesFixture()
    const bytes = noise(8_000_000)
    await fixture.store(write(fixture.home, 'a', bytes))
    const before = await fixture.storedBytes()
    const changed = Buffer.concat([bytes.subarray(0, 4_000_000), noise(10), bytes.subarray(4_000_000)])
    const [stored] = await fixture.store(write(fixture.home, 'b', changed))
    assert.ok((await fixture.storedBytes()) - before < 600_000)
    assert.ok(stored !== undefined && changed.equals(await whole(fixture, stored.digest)))
  })

  it('is found again when the index of chunks is lost', async () => {
    await using fixture = await openFilesFixture()
    const rows = csv(60_000, 5)
    await fixture.store(write(fixture.home, 'a.csv', rows.join('\n')))
    await fixture.files.close()
    rmSync(join(fixture.home, 'cache'), { recursive: true })
    await using again = await openFilesFixture({ home: fixture.home })
    const before = await again.storedBytes()
    await again.store(write(fixture.home, 'b.csv', [...rows, 'one more'].join('\n')))
    assert.ok((await again.storedBytes()) - before < 200_000)
  })

  it('includes plain blobs of older versions', async () => {
    await using fixture = await openFilesFixture()
    const bytes = noise(300_000)
    const { digest } = await fixture.blobs.put(bytes)
    const [layout] = await collect(fixture.files.layouts([digest]))
    assert.deepEqual(
      layout?.segments.map(({ block, sizeBytes }) => [block, sizeBytes]),
      [[digest, 300_000]],
    )
    assert.equal((await fixture.files.has([digest])).size, 1)
    assert.deepEqual(await collect(fixture.files.verify([digest])), [])
    assert.equal(await fixture.files.localPath(digest), await fixture.blobs.localPath(digest))
    await fixture.files.materialize([{ digest, path: join(fixture.home, 'out'), executable: false }])
    assert.ok(Buffer.from(bytes).equals(readFileSync(join(fixture.home, 'out'))))
  })

  it('is kept as copies for readers up to a limit, and those in use stay', async () => {
    await using fixture = await openFilesFixture({ fileCacheBytes: 0 })
    const [stored] = await fixture.store(write(fixture.home, 'a.csv', csv(20_000, 6).join('\n')))
    assert.ok(stored !== undefined)
    const path = await fixture.files.localPath(stored.digest)
    assert.equal(digestOf(readFileSync(path)), stored.digest, 'a path that was told is good for an hour')
    assert.equal(await fixture.files.localPath(stored.digest), path)
  })
})
