import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createDigestSet } from './digest-set.ts'
import { digestOf, fileBlobStore, reclaimBlobs, type BlobStore, type Digest } from './index.ts'
import { s3BlobStore } from './s3-blob-store.ts'
import { fixtureS3 } from './s3-server.fixture.ts'

interface Opened {
  readonly blobs: BlobStore
  /** Makes bytes look as if they had been stored long ago. */
  age(digest: Digest): void
  close(): Promise<void>
}

const stores: Record<string, () => Promise<Opened>> = {
  'a folder': async () => {
    const root = mkdtempSync(join(tmpdir(), 'devmlops-reclaim-'))
    return {
      blobs: fileBlobStore(root),
      age: (digest) => utimesSync(pathIn(root, digest), 1, 1),
      close: async () => rmSync(root, { recursive: true }),
    }
  },
  S3: async () => {
    const root = mkdtempSync(join(tmpdir(), 'devmlops-reclaim-'))
    const server = await fixtureS3()
    return {
      blobs: s3BlobStore(server.location, root),
      age: (digest) => {
        const hex = digest.slice('sha256:'.length)
        server.changedAt.set(`team/sha256/${hex.slice(0, 2)}/${hex.slice(2)}`, 1000)
      },
      close: async () => {
        await server.close()
        rmSync(root, { recursive: true })
      },
    }
  },
}

for (const [name, open] of Object.entries(stores)) {
  describe(`reclaiming in ${name}`, () => {
    it('removes what nobody names, and nothing that is young, named, stored again or renewed', async () => {
      const { blobs, age, close } = await open()
      const put = async (text: string): Promise<Digest> => {
        const { digest } = await blobs.put(Buffer.from(text))
        age(digest)
        return digest
      }
      const [orphan, named, again, renewed] = [
        await put('orphan'),
        await put('named'),
        await put('again'),
        await put('renewed'),
      ]
      const young = await blobs.put(Buffer.from('young'))
      await blobs.put(Buffer.from('again'))
      await blobs.renew(renewed)
      const request = { before: Date.now() - 60_000, signal: new AbortController().signal }
      const counted = await reclaimBlobs(blobs, only(named), { ...request, dryRun: true })
      assert.deepEqual([counted.removed, counted.removedBytes], [1, 6])
      assert.notEqual(await blobs.head(orphan), undefined, 'counting removes nothing')
      const reclaimed = await reclaimBlobs(blobs, only(named), request)
      assert.deepEqual(
        [reclaimed.held, reclaimed.removed, reclaimed.removedBytes, reclaimed.young],
        [1, 1, 6, 3],
      )
      assert.equal(await blobs.head(orphan), undefined)
      for (const digest of [named, again, renewed, young.digest])
        assert.equal((await blobs.get(digest)).length > 0, true)
      await close()
    })
  })
}

it('bytes that a killed process had put aside are there again', async () => {
  const root = mkdtempSync(join(tmpdir(), 'devmlops-reclaim-'))
  const blobs = fileBlobStore(root)
  const { digest } = await blobs.put(Buffer.from('named'))
  mkdirSync(join(root, 'aside'))
  renameSync(pathIn(root, digest), join(root, 'aside', digest.slice('sha256:'.length)))
  const request = { before: 0, signal: new AbortController().signal }
  await reclaimBlobs(blobs, only(digest), request)
  assert.equal(Buffer.from(await blobs.get(digest)).toString(), 'named')
  assert.equal(existsSync(join(root, 'aside', digest.slice('sha256:'.length))), false)
  rmSync(root, { recursive: true })
})

it('a set of digests has what was added, and only that, however many', () => {
  const set = createDigestSet(2)
  const digests = Array.from({ length: 5000 }, (_, index) => digestOf(Buffer.from(String(index))))
  for (const digest of digests.slice(0, 2500)) {
    set.add(digest)
    set.add(digest)
  }
  assert.equal(set.size, 2500)
  assert.deepEqual(
    digests.map((digest) => set.has(digest)),
    digests.map((_, index) => index < 2500),
  )
})

async function* only(digest: Digest): AsyncIterable<Digest> {
  yield digest
}

function pathIn(root: string, digest: Digest): string {
  const hex = digest.slice('sha256:'.length)
  return join(root, 'sha256', hex.slice(0, 2), hex.slice(2))
}
