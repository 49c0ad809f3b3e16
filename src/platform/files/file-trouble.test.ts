import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { digestOf, type Digest } from '../blobs/index.ts'
import { createRandom } from '../random.ts'
import { noTinyDisk, tinyDisk } from '../tiny-disk.fixture.ts'
import { blobPath, collect, openFilesFixture } from './files.fixture.ts'

const random = createRandom(23)

function noise(length: number): Uint8Array {
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random.integer())
  return new Uint8Array(words.buffer, 0, length)
}

function write(home: string, name: string, content: Uint8Array | string): string {
  mkdirSync(join(home, 'work'), { recursive: true })
  const path = join(home, 'work', name)
  writeFileSync(path, content)
  return path
}

function rows(count: number): string {
  return Array.from({ length: count }, (_, row) => `${row},${random.below(1000)},card`).join('\n')
}

function flipBit(path: string, at: number): void {
  chmodSync(path, 0o644)
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(path, bytes)
}

describe('damage', () => {
  it('is found in the block where it is, and told of the files that it hits', async () => {
    await using fixture = await openFilesFixture()
    const { home, files } = fixture
    const small = Array.from({ length: 20 }, (_, at) => write(home, `s${at}`, noise(1000 + at)))
    const [text, large] = [write(home, 'text', rows(100_000)), write(home, 'large', noise(2_000_000))]
    const stored = await fixture.store(...small, text, large)
    const digests = stored.map(({ digest }) => digest)
    const layouts = await collect(files.layouts(digests))
    const hits = [3, 20, 21].map((index) => {
      const segment = layouts[index]?.segments.at(-1)
      assert.ok(segment !== undefined)
      flipBit(blobPath(home, segment.block), segment.offset + 5)
      return { file: digests[index] as Digest, block: segment.block, reason: 'changed' as const }
    })
    const found = await collect(files.verify(digests))
    const order = (all: typeof hits) => all.map((one) => JSON.stringify(one)).sort()
    assert.deepEqual(order(found as typeof hits), order(hits))
    for (const { file, block } of hits) {
      const named = { code: 'storage_corrupt', message: new RegExp(block) }
      await assert.rejects(
        files.materialize([{ digest: file, path: join(home, 'out'), executable: false }]),
        named,
      )
      await assert.rejects(async () => collect(await files.stream(file)), { code: 'storage_corrupt' })
    }
    assert.deepEqual(
      readdirSync(home).filter((name) => name === 'out' || name.startsWith('.')),
      [],
      'nothing is left of what was not whole',
    )
    await files.materialize([{ digest: digests[4] as Digest, path: join(home, 'out'), executable: false }])
  })

  it('of a block that is gone is told, and healed by storing the file again', async () => {
    await using fixture = await openFilesFixture()
    const paths = [write(fixture.home, 'a', rows(100_000)), write(fixture.home, 'b', noise(500))]
    const stored = await fixture.store(...paths)
    const digests = stored.map(({ digest }) => digest)
    const blocks = (await collect(fixture.files.layouts(digests))).flatMap(({ segments }) =>
      segments.map(({ block }) => block),
    )
    for (const block of new Set(blocks)) rmSync(blobPath(fixture.home, block))
    assert.equal((await fixture.files.has(digests)).size, 0)
    const damages = await collect(fixture.files.verify(digests))
    assert.deepEqual(new Set(damages.map(({ file, reason }) => `${file} ${reason}`)).size, 2)
    await assert.rejects(
      fixture.files.materialize([
        { digest: digests[0] as Digest, path: join(fixture.home, 'o'), executable: false },
      ]),
      {
        code: 'not_found',
      },
    )
    // The index still knows the chunks in blocks that are not there.
    assert.deepEqual(await fixture.store(...paths), stored)
    assert.deepEqual(await collect(fixture.files.verify(digests)), [])
  })

  it('of a large file that is a block by itself is healed by storing it again', async () => {
    await using fixture = await openFilesFixture()
    const path = write(fixture.home, 'large', noise(3_000_000))
    const [stored] = await fixture.store(path)
    assert.ok(stored !== undefined)
    rmSync(blobPath(fixture.home, stored.digest))
    await fixture.store(path)
    assert.deepEqual(await collect(fixture.files.verify([stored.digest])), [])
  })
})

describe('a source that is no good', () => {
  it('is told when it is gone, a folder or not to be opened, by its name', async () => {
    await using fixture = await openFilesFixture()
    const good = write(fixture.home, 'good', noise(10))
    const store = (path: string) =>
      collect(
        fixture.files.store([
          { path: good, name: 'good' },
          { path, name: 'incoming/x' },
        ]),
      )
    await assert.rejects(store(join(fixture.home, 'none')), { code: 'not_found', at: 'incoming/x' })
    await assert.rejects(store(fixture.home), { code: 'unreadable_data', at: 'incoming/x' })
    await assert.rejects(
      collect(
        fixture.files.store(
          Array.from({ length: 1000 }, (_, at) => ({
            path: at === 700 ? join(fixture.home, 'none') : good,
            name: `file ${at}`,
          })),
        ),
      ),
      { code: 'not_found', at: 'file 700' },
    )
    assert.equal((await fixture.store(good)).length, 1, 'the store is well afterwards')
  })

  for (const [kind, content] of [
    ['that does not compress', () => noise(30_000_000)],
    ['that compresses', () => Buffer.from(rows(1_500_000))],
  ] as const) {
    it(`is told when a file ${kind} changes while it is read, and nothing of it is stored`, async () => {
      await using fixture = await openFilesFixture()
      const path = write(fixture.home, 'growing', content())
      const writing = setInterval(() => appendFileSync(path, 'one more row\n'), 1)
      try {
        await assert.rejects(collect(fixture.files.store([{ path, name: 'growing.csv' }])), {
          code: 'unreadable_data',
          message: 'growing.csv changed while it was read.',
        })
      } finally {
        clearInterval(writing)
      }
      const digest = digestOf(readFileSync(path))
      assert.equal((await fixture.files.has([digest])).size, 0)
      assert.deepEqual(readdirSync(join(fixture.home, 'blobs', 'tmp')), [])
      assert.equal((await fixture.store(path))[0]?.digest, digest, 'stored when it is at rest')
    })
  }
})

describe('a store that is given up', () => {
  it('keeps what it has, and ends at once when nobody wants more', async () => {
    await using fixture = await openFilesFixture()
    const paths = Array.from({ length: 1500 }, (_, at) => write(fixture.home, `f${at}`, noise(300)))
    for await (const { sizeBytes } of fixture.files.store(paths.map((path) => ({ path, name: path })))) {
      assert.equal(sizeBytes, 300)
      break
    }
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await assert.rejects(
      collect(
        fixture.files.store(
          paths.map((path) => ({ path, name: path })),
          { signal: stop.signal },
        ),
      ),
      /enough/,
    )
    assert.equal((await fixture.store(...paths)).length, 1500)
  })

  it('by a kill leaves a store that is whole, whenever it comes', async () => {
    const home = mkdtempSync(join(tmpdir(), 'devmlops-files-'))
    try {
      const small = Array.from({ length: 600 }, (_, at) => write(home, `s${at}`, noise(500)))
      const paths = [...small, write(home, 'text', rows(600_000)), write(home, 'large', noise(20_000_000))]
      for (const delayMs of [0, 60, 250]) {
        const child = spawn(
          process.execPath,
          ['--conditions=source', join(import.meta.dirname, 'store-child.fixture.ts'), home, ...paths],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        )
        const ended = new Promise((resolve) => child.once('exit', resolve))
        await new Promise((resolve) => child.stdout.once('data', resolve))
        await pause(delayMs)
        child.kill('SIGKILL')
        await ended
        await using fixture = await openFilesFixture({ home })
        const digests = paths.map((path) => digestOf(readFileSync(path)))
        const known = [...(await fixture.files.has(digests)).keys()]
        assert.deepEqual(await collect(fixture.files.verify(known)), [], `killed after ${delayMs} ms`)
      }
      await using fixture = await openFilesFixture({ home })
      const stored = await fixture.store(...paths)
      assert.deepEqual(await collect(fixture.files.verify(stored.map(({ digest }) => digest))), [])
    } finally {
      rmSync(home, { recursive: true })
    }
  })

  it('by a full disk says so, and goes on when there is room', async (context) => {
    const disk = tinyDisk(12_000_000)
    if (disk === undefined) return context.skip(noTinyDisk)
    const outside = mkdtempSync(join(tmpdir(), 'devmlops-files-'))
    try {
      await using fixture = await openFilesFixture({ home: disk.directory })
      const [first] = await fixture.store(write(outside, 'first', noise(1_500_000)))
      disk.fill(400_000)
      const paths = [write(outside, 'a', noise(2_000_000)), write(outside, 'b', noise(900_000))]
      for (const path of paths) await assert.rejects(fixture.store(path), { code: 'storage_full' }, path)
      disk.empty()
      const stored = await fixture.store(...paths)
      const digests = [first, ...stored].map((file) => file?.digest as Digest)
      assert.deepEqual(await collect(fixture.files.verify(digests)), [])
    } finally {
      rmSync(outside, { recursive: true })
      disk.remove()
    }
  })
})

describe('writing files to places', () => {
  it('replaces a file in one step, and says which place cannot be written', async () => {
    await using fixture = await openFilesFixture()
    const [stored] = await fixture.store(write(fixture.home, 'a', noise(1000)))
    assert.ok(stored !== undefined)
    const { digest } = stored
    const target = write(fixture.home, 'target', 'old')
    utimesSync(target, 1, 1)
    await fixture.files.materialize([{ digest, path: target, executable: false }])
    assert.equal(digestOf(readFileSync(target)), digest)
    mkdirSync(join(fixture.home, 'folder', 'inside'), { recursive: true })
    await assert.rejects(
      fixture.files.materialize([{ digest, path: join(fixture.home, 'folder'), executable: false }]),
      { code: 'conflict' },
    )
    assert.deepEqual(readdirSync(join(fixture.home, 'folder')), ['inside'])
  })
})
