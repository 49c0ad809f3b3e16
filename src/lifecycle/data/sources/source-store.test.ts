import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { createDataStore, type NewVersion } from '../store.ts'
import { dataMigrations } from '../tables.ts'

const digest = `sha256:${'a'.repeat(64)}` as const
const other = `sha256:${'b'.repeat(64)}` as const

function version(parent: number | null): NewVersion {
  return {
    dataset: 'd',
    digest,
    rows: 1,
    sizeBytes: 1,
    parent,
    columns: [],
    parts: [],
    source: { kind: 'files', paths: [] },
    validation: { outcome: 'pass', rows: 1, checks: [], warnings: [], quarantined: 2 },
    profileDigest: digest,
    code: null,
    createdAt: 5,
    createdBy: 'ada',
  }
}

forEachEngine('what belongs to a version', dataMigrations, (open) => {
  test('a cursor and a quarantine are there exactly when their version is', async () => {
    const database = await open()
    try {
      const store = createDataStore(database)
      const quarantine = {
        digest: other,
        rows: 2,
        sizeBytes: 9,
        reasons: [{ rule: 'r', column: 'c', rows: 2 }],
      }
      const beside = { cursor: { column: 'at', value: '5' }, quarantines: [quarantine] }
      const added = await store.addVersion(version(null), beside)
      assert.deepEqual([added.version, added.quarantined], [1, 2])
      assert.equal(await store.cursor('d', 'at'), '5')
      assert.equal(await store.cursor('d', 'other'), undefined)
      // Somebody else was faster: nothing of it stays.
      const late = { cursor: { column: 'at', value: '9' }, quarantines: [quarantine] }
      await assert.rejects(store.addVersion(version(null), late), { code: 'conflict' })
      assert.equal(await store.cursor('d', 'at'), '5')
      const [kept, ...more] = await store.quarantines('d')
      assert.deepEqual([kept?.version, kept?.rows, kept?.reasons, more], [1, 2, quarantine.reasons, []])
      await store.addVersion(version(1), { released: [{ version: 1, digest: other }] })
      assert.deepEqual(await store.quarantines('d'), [])
      assert.equal((await store.quarantines('d', 1))[0]?.releasedBy, 2)
    } finally {
      await database.close()
    }
  })

  test('a watched source is remembered', async () => {
    const database = await open()
    try {
      const store = createDataStore(database)
      assert.equal(await store.watch('d'), undefined)
      await store.saveWatch('d', { lookedAt: 1, seen: 'x', problem: 'no' })
      await store.saveWatch('d', { lookedAt: 2, seen: 'y', problem: null })
      assert.deepEqual(await store.watch('d'), { lookedAt: 2, seen: 'y', problem: null })
    } finally {
      await database.close()
    }
  })
})
