import assert from 'node:assert/strict'
import { it } from 'node:test'
import { digestOf } from '#platform/blobs/index'
import { forEachEngine } from '#platform/database/testing'
import { createDataStore, type NewRejection, type NewVersion } from './store.ts'
import { dataMigrations } from './tables.ts'

const digest = (text: string) => digestOf(new TextEncoder().encode(text))

function version(parent: number | null): NewVersion {
  return {
    dataset: 'flights',
    digest: digest(`version after ${parent}`),
    rows: 3_000_000_000,
    sizeBytes: 2 ** 40,
    parent,
    columns: [{ name: 'a', type: 'integer', sqlType: 'BIGINT' }],
    parts: [
      { path: 'a.parquet', digest: digest('a'), sizeBytes: 5, rows: 3, reading: { format: 'parquet' } },
    ],
    source: { kind: 'files', paths: ['a.parquet'] },
    validation: { outcome: 'warn', rows: 3, checks: [], warnings: ['ä "quoted" warning'] },
    profileDigest: digest('profile'),
    code: { commit: 'abc', dirty: true },
    createdAt: 1_700_000_000_000,
    createdBy: 'ada',
  }
}

const rejection: NewRejection = {
  dataset: 'flights',
  judged: digest('judged'),
  files: [{ path: 'bad.csv', digest: digest('bad'), sizeBytes: 3 }],
  code: 'validation_failed',
  message: 'too few rows',
  validation: null,
  createdAt: 1,
  createdBy: 'ada',
}

forEachEngine('the data store', dataMigrations, (open) => {
  it('numbers versions after their parent and gives them back whole', async () => {
    const database = await open()
    const store = createDataStore(database)
    const first = await store.addVersion(version(null))
    const second = await store.addVersion(version(1))
    assert.deepEqual([first.version, second.version, second.outcome], [1, 2, 'warn'])
    assert.deepEqual(await store.version('flights', 1), first)
    assert.deepEqual(await store.version('flights', 'latest'), second)
    assert.equal(await store.version('flights', 3), undefined)
    const newestFirst = await store.versions('flights', { limit: 10 })
    assert.deepEqual(
      newestFirst.map(({ version }) => version),
      [2, 1],
    )
    assert.deepEqual((await store.versions('flights', { limit: 10, before: 2 })).length, 1)
    await database.close()
  })

  it('lets one of two writers have a number', async () => {
    const database = await open()
    const store = createDataStore(database)
    const results = await Promise.allSettled([
      store.addVersion(version(null)),
      store.addVersion(version(null)),
    ])
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    const failed = results.find((result) => result.status === 'rejected')
    assert.match(String(failed?.reason), /added by somebody else/)
    await database.close()
  })

  it('remembers what was not told yet', async () => {
    const database = await open()
    const store = createDataStore(database)
    await store.addVersion(version(null))
    await store.addVersion(version(1))
    await store.markVersionAnnounced('flights', 1)
    const untold = await store.unannouncedVersions('flights')
    assert.deepEqual(
      untold.map(({ version }) => version),
      [2],
    )
    const { id } = await store.addRejection(rejection)
    assert.equal((await store.unannouncedRejections('flights')).length, 1)
    await store.markRejectionAnnounced(id)
    assert.equal((await store.unannouncedRejections('flights')).length, 0)
    await database.close()
  })

  it('keeps one rejection for the same judgement and counts how often', async () => {
    const database = await open()
    const store = createDataStore(database)
    const { id } = await store.addRejection({ ...rejection, hint: 'more rows' })
    await store.addRejection(rejection)
    await store.countRejection(id)
    const found = await store.rejectionOf('flights', digest('judged'))
    assert.deepEqual([found?.times, found?.hint, found?.message], [2, 'more rows', 'too few rows'])
    assert.equal((await store.rejections('flights', 10)).length, 1)
    assert.deepEqual(await store.counts(), [{ dataset: 'flights', versions: 0, rejections: 1 }])
    await database.close()
  })

  it('replaces what a server said about its bytes', async () => {
    const database = await open()
    const store = createDataStore(database)
    const url = 'https://example.org/a.csv'
    await store.saveDownload('flights', url, { etag: '"1"', digest: digest('1'), at: 1 })
    await store.saveDownload('flights', url, { lastModified: 'today', digest: digest('2'), at: 2 })
    assert.deepEqual(await store.lastDownload('flights', url), {
      etag: undefined,
      lastModified: 'today',
      digest: digest('2'),
    })
    await database.close()
  })
})
