import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { reclaimBlobs, type Digest } from '../blobs/index.ts'
import { forEachEngine } from '../database/testing.ts'
import { blobPath, collect, openFilesFixture } from './files.fixture.ts'
import { fileMigrations } from './index.ts'

const hourMs = 3_600_000

forEachEngine('the table of stored files', fileMigrations, (open) => {
  it('knows many files, each once, also when two who store the same meet', async () => {
    await using fixture = await openFilesFixture({ database: await open() })
    const folder = mkdtempSync(join(tmpdir(), 'devmlops-source-'))
    try {
      const paths = Array.from({ length: 1300 }, (_, at) => {
        const path = join(folder, String(at))
        writeFileSync(path, `file ${at % 1200}`)
        return path
      })
      const [one, other] = await Promise.all([fixture.store(...paths), fixture.store(...paths)])
      assert.deepEqual(one, other)
      const digests = one.map(({ digest }) => digest)
      assert.equal((await fixture.files.has(digests)).size, 1200)
      assert.equal((await fixture.files.renew(digests)).size, 1200)
      const layouts = await collect(fixture.files.layouts(digests))
      assert.deepEqual(
        layouts.map(({ digest, sizeBytes }) => ({ digest, sizeBytes })),
        one,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('forgets what is not held and not young, and its blocks can be reclaimed', async () => {
    let now = Date.now()
    await using fixture = await openFilesFixture({ database: await open(), clock: { now: () => now } })
    const { files, blobs, home } = fixture
    const put = async (name: string): Promise<Digest> => {
      // Long enough to be compressed, so that its block has another digest.
      writeFileSync(join(home, name), name.repeat(1000))
      return (await fixture.store(join(home, name)))[0]?.digest as Digest
    }
    const [held, orphan, found] = [await put('held'), await put('orphan'), await put('found')]
    now += 2 * hourMs
    const young = await put('young')
    assert.deepEqual([...(await files.renew([found])).keys()], [found])
    const isHeld = (digest: Digest): boolean => digest === held
    assert.equal(await files.forget(isHeld), 1)
    const known = await files.has([held, orphan, found, young])
    assert.deepEqual([...known.keys()].sort(), [held, found, young].sort())
    const blocks = await collect(files.withBlocks([held, found, young]))
    for await (const { digest } of blobs.list()) utimesSync(blobPath(home, digest), 1, 1)
    const reclaimed = await reclaimBlobs(
      blobs,
      (async function* () {
        yield* blocks
      })(),
      { before: Date.now() - hourMs, signal: new AbortController().signal },
    )
    assert.equal(reclaimed.removed, 1)
    assert.deepEqual(await collect(files.verify([held, found, young])), [])
    assert.equal(await put('orphan'), orphan, 'what is gone is stored again')
    assert.deepEqual(await collect(files.verify([orphan])), [])
  })

  it('takes layouts from elsewhere, and refuses impossible ones', async () => {
    await using here = await openFilesFixture({ database: await open() })
    await using there = await openFilesFixture({ database: await open() })
    writeFileSync(
      join(here.home, 'a'),
      Buffer.from(Array.from({ length: 50_000 }, (_, at) => `${at}\n`).join('')),
    )
    const [stored] = await here.store(join(here.home, 'a'))
    assert.ok(stored !== undefined)
    const [layout] = await collect(here.files.layouts([stored.digest]))
    assert.ok(layout !== undefined)
    for (const { block } of layout.segments) await there.blobs.putFile(await here.blobs.localPath(block))
    await there.files.addLayouts([layout])
    assert.deepEqual(await collect(there.files.layouts([stored.digest])), [layout])
    assert.deepEqual(await collect(there.files.verify([stored.digest])), [])
    await assert.rejects(there.files.addLayouts([{ ...layout, sizeBytes: 1 }]), { code: 'storage_corrupt' })
  })
})
