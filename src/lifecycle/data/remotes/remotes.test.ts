import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync, readFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Digest } from '#platform/blobs/index'
import { fixtureS3 } from '#platform/blobs/s3-server.fixture'
import { folderRemote } from './folder-remote.ts'
import { pullDataset } from './pull.ts'
import { pushDataset } from './push.ts'
import type { Remote } from './remote.ts'
import { flipBit, openShop, quietly, type Shop } from './remotes.fixture.ts'
import { s3RemoteAt } from './s3-remote.ts'
import { findDamageAt } from './verify-remote.ts'

interface Place extends AsyncDisposable {
  readonly remote: Remote
  /** Everything that lies there, by its path. */
  bytes(): Map<string, Buffer>
  damage(path: string): void
  /** From now on nothing answers after so many requests, until it is healed. */
  breakAfter?(requests: number | undefined): void
}

const places: Record<string, () => Promise<Place>> = {
  'a folder': async () => {
    const directory = mkdtempSync(join(tmpdir(), 'devmlops-remote-'))
    const bytes = (): Map<string, Buffer> =>
      new Map(
        readdirSync(directory, { recursive: true })
          .map(String)
          .filter((path) => statSync(join(directory, path)).isFile())
          .map((path) => [path, readFileSync(join(directory, path))]),
      )
    return {
      remote: folderRemote(directory),
      bytes,
      damage: (path) => {
        const changed = flipped(bytes().get(path))
        chmodSync(join(directory, path), 0o644)
        writeFileSync(join(directory, path), changed)
      },
      [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true }),
    }
  },
  'an S3 bucket': async () => {
    const server = await fixtureS3()
    const { prefix } = server.location
    return {
      remote: s3RemoteAt(server.location, { firstPauseMs: 1 }),
      bytes: () => new Map([...server.objects].map(([key, bytes]) => [key.slice(prefix.length), bytes])),
      damage: (path) => void server.objects.set(prefix + path, flipped(server.objects.get(prefix + path))),
      breakAfter: (requests) => void (server.diesAfter = requests),
      [Symbol.asyncDispose]: () => server.close(),
    }
  },
}

function flipped(bytes: Buffer | undefined): Buffer {
  const changed = Buffer.from(bytes ?? assert.fail('there are no such bytes'))
  const at = Math.floor(changed.length / 2)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

const push = (shop: Shop, remote: Remote, dataset = 'images', renumber = false) =>
  pushDataset({ dataset, version: undefined, remote }, shop.tools, { ...quietly, renumber })
const pull = (shop: Shop, remote: Remote, dataset = 'images', version: number | 'latest' | 'all' = 'all') =>
  pullDataset({ dataset, version, remote }, shop.tools, quietly)

const files = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [
    `${index % 3 === 0 ? 'cats' : 'dogs/big'}/${index}.txt`,
    noise(index),
  ]),
)

/** Text that does not compress to nothing. */
function noise(seed: number): string {
  let [text, state] = ['', seed + 1]
  for (let length = 0; length < 300; length++) {
    state = (state * 48_271) % 2_147_483_647
    text += state.toString(36)
  }
  return text
}

for (const [name, open] of Object.entries(places)) {
  describe(`a remote that is ${name}`, () => {
    it('gives versions to another store as they are, number, parent, validation and maker, and their bytes', async () => {
      await using place = await open()
      await using here = await openShop()
      await using there = await openShop()
      const first = await here.addImages(files)
      const second = await here.addImages({ ...files, 'cats/new.txt': 'new' }, 'bob')
      const table = await here.addOrders(['id\n1\n', 'id\n2\n'])
      const sent = [...(await push(here, place.remote)), ...(await push(here, place.remote, 'orders'))]
      assert.deepEqual(
        sent.map(({ dataset, version, state }) => `${dataset}@${version} ${state}`),
        ['images@1 moved', 'images@2 moved', 'orders@1 moved'],
      )
      assert.deepEqual(await place.remote.datasets(), ['images', 'orders'])

      await pull(there, place.remote)
      await pull(there, place.remote, 'orders')
      for (const version of [first, second, table]) {
        const { dataset, version: number } = version
        const pulled = (await there.store.version(dataset, number)) ?? assert.fail(`no ${dataset}@${number}`)
        assert.deepEqual(pulled, version)
        assert.deepEqual(await there.contents(pulled), await here.contents(version))
      }
      assert.deepEqual(await there.damages(), [])
      const events = (await there.events()).map(({ type, subject }) => `${type} ${subject}`)
      assert.ok(events.includes('data.pulled dataset/images@2'))
      assert.ok(!events.some((event) => event.startsWith('data.arrived')), 'a pull starts no pipeline')
    })

    it('is sent nothing twice, and of a changed folder only what is new', async () => {
      await using place = await open()
      await using here = await openShop()
      await here.addImages(files)
      await push(here, place.remote)
      const before = new Set(place.bytes().keys())
      assert.deepEqual(
        (await push(here, place.remote)).map(({ state, bytes }) => [state, bytes]),
        [['known', 0]],
      )
      await here.addImages({ ...files, 'dogs/big/new.txt': noise(999) })
      await push(here, place.remote)
      const added = [...place.bytes()].filter(([path]) => !before.has(path) && path.startsWith('sha256/'))
      assert.ok(
        added.reduce((sum, [, bytes]) => sum + bytes.length, 0) < 9000,
        'the new file, its lists and where files are',
      )
    })

    it('keeps both versions of two who push the same number at once, and says what to do', async () => {
      await using place = await open()
      await using ada = await openShop()
      await using bob = await openShop()
      await ada.addImages({ 'a.txt': 'of ada' }, 'ada')
      await bob.addImages({ 'a.txt': 'of bob' }, 'bob')
      const ends = await Promise.allSettled([push(ada, place.remote), push(bob, place.remote)])
      assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      const [winner, loser] = ends[0]?.status === 'fulfilled' ? [ada, bob] : [bob, ada]
      await assert.rejects(push(loser, place.remote), {
        code: 'conflict',
        message: /images@1 at .* is another version than images@1 here, made by (ada|bob)/,
        hint: /pull images@1 --renumber.*push images@1 --renumber/,
      })
      const [sent] = await push(loser, place.remote, 'images', true)
      assert.deepEqual([sent?.version, sent?.otherVersion], [1, 2])
      assert.equal((await push(loser, place.remote))[0]?.state, 'known', 'under its other number')

      await assert.rejects(pull(loser, place.remote, 'images', 1), { code: 'conflict' })
      const taken = await pullDataset({ dataset: 'images', version: 1, remote: place.remote }, loser.tools, {
        ...quietly,
        renumber: true,
      })
      assert.deepEqual([taken[0]?.version, taken[0]?.otherVersion], [2, 1])
      await pull(winner, place.remote)
      const texts = async (shop: Shop): Promise<string[]> =>
        Promise.all(
          [1, 2].map(async (number) => {
            const version = (await shop.store.version('images', number)) ?? assert.fail()
            return Object.values(await shop.contents(version)).join()
          }),
        )
      assert.deepEqual((await texts(winner)).sort(), (await texts(loser)).sort())
    })

    it('mends a flipped bit and a lost block here, which a verification names', async () => {
      await using place = await open()
      await using here = await openShop()
      const version = await here.addImages(files)
      await here.addOrders(['id\n1\n'])
      await push(here, place.remote)
      await push(here, place.remote, 'orders')
      const block = await blockOf(here, 'cats/0.txt')
      await flipBit(here.blobPath(block))
      const damages = await here.damages()
      assert.ok(damages.length > 0)
      for (const damage of damages) {
        assert.deepEqual(
          { ...damage, path: '', file: '' },
          { dataset: 'images', version: 1, path: '', file: '', block, reason: 'changed' },
        )
        assert.ok(damage.path !== null && damage.path in files)
      }
      assert.equal((await pull(here, place.remote))[0]?.state, 'completed')
      assert.deepEqual(await here.damages(), [])

      rmSync(here.blobPath(block))
      assert.deepEqual(new Set((await here.damages()).map(({ reason }) => reason)), new Set(['missing']))
      await pull(here, place.remote)
      const [pack] = version.tree?.packs ?? []
      await flipBit(here.blobPath(pack ?? assert.fail()))
      assert.deepEqual(
        (await here.damages()).map(({ path, block: at }) => [path, at]),
        [[null, pack]],
      )
      await pull(here, place.remote)
      assert.deepEqual(await here.damages(), [])
      assert.deepEqual(await here.contents(version), files)
    })

    it('whose own bytes are damaged is found out, and nothing of it is taken in', async () => {
      await using place = await open()
      await using here = await openShop()
      await using there = await openShop()
      await here.addImages(files)
      await push(here, place.remote)
      const block = await blockOf(here, 'cats/0.txt')
      const path = `sha256/${block.slice(7, 9)}/${block.slice(9)}`
      place.damage(path)
      const where = [{ dataset: 'images', version: 1 }]
      const { damages } = await findDamageAt(place.remote, where, { ...quietly, report: () => undefined })
      assert.deepEqual([...new Set(damages.map((damage) => damage.block))], [block])
      await assert.rejects(pull(there, place.remote), { code: 'storage_corrupt' })
      assert.equal(await there.store.version('images', 1), undefined)

      place.damage(path)
      place.damage('datasets/images/00000001.json')
      await assert.rejects(pull(there, place.remote), { code: 'storage_corrupt' })
      assert.equal(await there.store.version('images', 1), undefined)
    })

    it('gives a part of a folder, and the rest later', async () => {
      await using place = await open()
      await using here = await openShop()
      await using there = await openShop()
      await here.addImages({ ...files, 'large.bin': 'x'.repeat(3_000_000) + noise(7) })
      await push(here, place.remote)
      const request = { dataset: 'images', version: 'latest', remote: place.remote } as const
      const [part] = await pullDataset({ ...request, only: 'cats/' }, there.tools, quietly)
      assert.equal(part?.files, 14)
      const [rest] = await pullDataset(request, there.tools, quietly)
      assert.deepEqual([rest?.state, rest?.files], ['completed', 27])
      assert.deepEqual(await there.damages(), [])
    })
  })
}

describe('a line that breaks', () => {
  it('in the middle of a push or a pull loses nothing: the next one goes on where it was', async () => {
    await using place = await (places['an S3 bucket'] ?? assert.fail())()
    await using here = await openShop()
    await using there = await openShop()
    // Blocks of their own, so that there is something to break between.
    const large = Object.fromEntries([1, 2, 3, 4, 5].map((seed) => [`${seed}.bin`, random(2_000_000, seed)]))
    const version = await here.addImages({ ...files, ...large })
    let tries = 0
    for (let requests = 3; ; requests += 3, tries++) {
      place.breakAfter?.(requests)
      const end = await push(here, place.remote).catch((error: unknown) => error)
      place.breakAfter?.(undefined)
      if (Array.isArray(end)) break
      assert.equal((end as { code?: string }).code, 'server_unreachable')
      assert.deepEqual(await place.remote.versions('images'), [], 'no version before all of it is there')
    }
    assert.ok(tries > 1)
    for (let requests = 2; ; requests += 2) {
      place.breakAfter?.(requests)
      const end = await pull(there, place.remote).catch((error: unknown) => error)
      place.breakAfter?.(undefined)
      if (Array.isArray(end)) break
      assert.equal(await there.store.version('images', 1), undefined)
    }
    assert.deepEqual(await there.contents(version), { ...files, ...large })
  })
})

function random(length: number, seed: number): string {
  let [text, state] = ['', seed]
  while (text.length < length) {
    state = (state * 48_271) % 2_147_483_647
    text += state.toString(36)
  }
  return text
}

/** The block that a file of the folder is in. */
async function blockOf(shop: Shop, path: string): Promise<Digest> {
  const { filesOfVersion } = await import('./version-contents.ts')
  const version = (await shop.store.version('images', 'latest')) ?? assert.fail()
  for await (const file of filesOfVersion(version, shop.platform.blobs)) {
    if (file.path !== path) continue
    for await (const layout of shop.platform.files.layouts([file.digest])) {
      return layout.segments[0]?.block ?? assert.fail()
    }
  }
  return assert.fail(`no ${path}`)
}
