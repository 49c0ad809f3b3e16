import assert from 'node:assert/strict'
import { it, test } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { digestOf } from '#platform/blobs/index'
import { parseReference } from '../reference.ts'
import { ada, openWorkshop } from '../service.fixture.ts'
import { createDataStore } from '../store.ts'
import { dataMigrations } from '../tables.ts'
import { createTagStore } from './tag-store.ts'

const digest = (text: string) => digestOf(new TextEncoder().encode(text))

forEachEngine('the store of tags and folders', dataMigrations, (open) => {
  it('keeps a tag for one version of a dataset, and moves it when asked', async () => {
    const database = await open()
    const data = createDataStore(database)
    const version = (parent: number | null, content: string) =>
      data.addVersion({
        dataset: 'images',
        kind: 'folder',
        digest: digest(content),
        tree: { root: digest(content), packs: [digest('pack')] },
        files: 70_000,
        producedBy: { pipeline: 'p', run: 'r', step: 's' },
        rows: 0,
        sizeBytes: 2 ** 40,
        parent,
        columns: [],
        parts: [],
        source: { kind: 'folder', folder: 'images/' },
        validation: { outcome: 'pass', rows: 0, checks: [], warnings: [] },
        profileDigest: digest('profile'),
        code: null,
        createdAt: 1,
        createdBy: 'ada',
      })
    const first = await version(null, 'x')
    assert.deepEqual(
      [first.files, first.kind, first.tree?.packs, first.producedBy?.step],
      [70_000, 'folder', [digest('pack')], 's'],
    )
    await version(1, 'y')
    await version(2, 'x')
    assert.equal((await data.versionOf('images', { digest: digest('x'), version: 1 }))?.version, 1)
    assert.equal((await data.versionOf('images', { digest: digest('x'), version: 9 }))?.version, 3)
    assert.equal(await data.versionOf('images', { digest: digest('z'), version: 1 }), undefined)
    const tags = createTagStore(database)
    const tag = { dataset: 'images', tag: 'gold', version: 1, createdAt: 1, createdBy: 'ada' }
    assert.equal(await tags.addTag(tag), true)
    assert.equal(await tags.addTag({ ...tag, version: 2 }), false)
    assert.equal((await tags.tag('images', 'gold'))?.version, 1)
    await tags.moveTag({ ...tag, version: 3 })
    assert.deepEqual(
      (await tags.tags('images')).map((each) => each.version),
      [3],
    )
    await tags.removeTag('images', 'gold')
    assert.equal(await tags.tag('images', 'gold'), undefined)
    await database.close()
  })
})

test('a tag stands wherever a version does, and every change of it is told', async () => {
  await using workshop = await openWorkshop('rows:\n  source: { files: in/*.csv }')
  const { service } = workshop
  await workshop.write('in/1.csv', ['a', '1'])
  await service.add('rows', {}, ada)
  await workshop.write('in/2.csv', ['a', '2'])
  await service.add('rows', {}, ada)
  await service.tags.set({ dataset: 'rows', version: 1, tag: 'gold', move: false }, ada)
  assert.equal((await service.get('rows', 'gold')).version, 1)
  assert.equal((await service.resolve('data.rows@gold')).version, 1)
  assert.equal((await service.open('rows@gold')).parts.length, 1)
  assert.equal((await service.head('rows', 'gold', 5)).rows.length, 1)
  const again = { dataset: 'rows', version: 'latest', tag: 'gold' }
  await assert.rejects(service.tags.set({ ...again, move: false }, ada), /rows@gold is version 1 already/)
  await service.tags.set({ ...again, move: true }, ada)
  assert.equal((await service.get('rows', 'gold')).version, 2)
  await assert.rejects(service.get('rows', 'golf'), /No version of "rows" has the tag "golf"/)
  await service.tags.remove('rows', 'gold', ada)
  await assert.rejects(service.get('rows', 'gold'), /has the tag "gold"/)
  const told = (await workshop.events()).filter(({ type }) => type === 'data.tagged')
  const what = told.map(({ actor, payload }) => `${actor} ${(payload as { what: string }).what}`)
  assert.deepEqual(what.toSorted(), ['ada moved', 'ada removed', 'ada set'])
})

test('a reference is a name, and perhaps a version or a tag', () => {
  assert.deepEqual(parseReference('data.flights@3'), { name: 'flights', version: 3 })
  assert.deepEqual(parseReference('flights'), { name: 'flights', version: 'latest' })
  assert.deepEqual(parseReference('flights@v1.2-rc_1'), { name: 'flights', version: 'v1.2-rc_1' })
  for (const wrong of ['flights@', 'flights@0', 'flights@-x', 'flights@a b', '3', 'a/b', 'flights@a@b']) {
    assert.throws(() => parseReference(wrong), /names no dataset/, wrong)
  }
})
