import assert from 'node:assert/strict'
import { it } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { createFeatureStore, type FeatureUse, type KeptSplit, type Materialization } from './store.ts'
import { featureMigrations } from './tables.ts'
import { definitionDigest, viewSchema } from './views/feature-view.ts'

const view = (ttl: string) =>
  viewSchema.parse({
    source: 's',
    entity: 'k',
    time: 't',
    ttl,
    features: { a: 'a', b: { aggregate: 'count', over: '7d' } },
  })

forEachEngine('The store of features', featureMigrations, (open) => {
  it('makes a version of every definition once, and numbers them', async () => {
    const database = await open()
    const store = createFeatureStore(database)
    const made = { at: 1, by: 'ann' }
    const keep = (ttl: string) =>
      store.keepVersion({ view: 'v', digest: definitionDigest(view(ttl)), definition: view(ttl) }, made)
    const kept = [await keep('7d'), await keep('8d'), await keep('7d')]
    assert.deepEqual(
      kept.map(({ version, isNew }) => [version, isNew]),
      [
        [1, true],
        [2, true],
        [1, false],
      ],
    )
    const versions = await store.versions('v')
    assert.deepEqual(
      versions.map(({ version }) => version),
      [2, 1],
    )
    assert.deepEqual(versions[0]?.definition, view('8d'))
    assert.deepEqual(await store.versions('other'), [])
    await database.close()
  })

  it('keeps uses, once each, the newest first', async () => {
    const database = await open()
    const store = createFeatureStore(database)
    const use = (id: string, usedAt: number): FeatureUse => ({
      view: 'v',
      version: 1,
      features: ['a'],
      user: { kind: 'run', id, name: 'trees' },
      usedAt,
      usedBy: 'ann',
    })
    for (const [id, at] of [
      ['r1', 1],
      ['r2', 2],
      ['r1', 3],
    ] as const)
      await store.addUse(use(id, at))
    assert.deepEqual(await store.uses('v', 10), [use('r2', 2), use('r1', 1)])
    await database.close()
  })

  it('keeps splits and replaces what is materialized', async () => {
    const database = await open()
    const store = createFeatureStore(database)
    const split: KeptSplit = {
      id: 's1',
      name: 'by_time',
      rule: { by: 'time', column: 't', test: 0.2 },
      ruleDigest: 'sha256:1',
      source: { label: 'rows', digest: 'sha256:2' },
      rows: 10,
      parts: [{ part: 'train', rows: 8 }],
      gapRows: 0,
      boundaries: { test: '2024-01-01' },
      sharedRows: 0,
      createdAt: 5,
      createdBy: 'ann',
    }
    await store.addSplit(split)
    await store.addSplit(split)
    assert.deepEqual(await store.splits({ limit: 5 }), [split])
    assert.deepEqual(await store.splits({ name: 'other', limit: 5 }), [])
    const made: Materialization = {
      view: 'v',
      version: 2,
      source: { label: 's@1', digest: 'sha256:3' },
      keys: 4,
      sizeBytes: 100,
      watermark: 7,
      watermarkRows: 9,
      createdAt: 7,
      createdBy: 'ann',
    }
    await store.keepMaterialization(made)
    await store.keepMaterialization({ ...made, keys: 5 })
    assert.deepEqual(await store.materialization('v'), { ...made, keys: 5 })
    assert.equal(await store.materialization('v', 1), undefined)
    await database.close()
  })
})
