import assert from 'node:assert/strict'
import { it } from 'node:test'
import { digestOf } from '#platform/blobs/index'
import { forEachEngine } from '#platform/database/testing'
import { createFailuresStore, failuresMigration } from './failures-store.ts'

forEachEngine('the store of failing rows', [failuresMigration], (open) => {
  it('keeps the rows of a rejection once, and gives them back', async () => {
    const database = await open()
    const store = createFailuresStore(database)
    const kept = {
      digest: digestOf(new TextEncoder().encode('rows')),
      checks: [{ kind: 'not_null', columns: ['a'], expected: 'a is never missing', rows: 3, kept: 2 }],
      files: [{ name: 'a.csv', rows: 9 }],
    }
    await store.save({ id: 'r1', dataset: 'd' }, kept)
    await store.save({ id: 'r1', dataset: 'd' }, { ...kept, files: [] })
    assert.deepEqual(await store.of('r1'), kept)
    assert.equal(await store.of('r2'), undefined)
  })
})
