import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { ask, command } from './program.fixture.ts'

const project = `project: published
data:
  images:
    source: { folder: images/ }
  labels:
    source: { push: true }
    mode: replace
    expectations:
      - in_set: { column: label, values: [cat, dog] }
  copies:
    source: { folder: copies/ }
pipelines:
  label:
    steps:
      list:
        sql: SELECT path, split_part(path, '/', 1) AS label FROM images ORDER BY path
        inputs: { images: data.images@gold }
        outputs: [labels]
      copy:
        run: cp -rL "$DEVMLOPS_INPUT_IMAGES"/. "$DEVMLOPS_OUTPUT_ALL"/
        inputs: { images: data.images@gold }
        outputs: { all: all/ }
      share:
        publish: { output: list.labels, dataset: labels }
      share-all:
        publish: { output: copy.all, dataset: copies }
`

interface Shown {
  version: {
    version: number
    rows: number
    digest: string
    producedBy: { pipeline: string; step: string; run: string } | null
  }
}

let directory = ''

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'devmlops-published-'))
  writeFileSync(join(directory, 'devmlops.yaml'), project)
  for (const [name, content] of [
    ['cat/1.png', 'one'],
    ['dog/ä "2".png', 'two'],
  ] as const) {
    mkdirSync(join(directory, 'images', name, '..'), { recursive: true })
    writeFileSync(join(directory, 'images', name), content)
  }
})

after(() => rmSync(directory, { recursive: true, force: true }))

test('a pipeline reads a folder by tag, in SQL and as files, and what it makes become versions that say so', async () => {
  await ask(directory, ['data', 'add', 'images'])
  await ask(directory, ['data', 'tag', 'images', 'gold'])
  await ask(directory, ['run', 'label'])
  const labels = (await ask<Shown>(directory, ['data', 'show', 'labels'])).version
  assert.deepEqual([labels.version, labels.rows], [1, 2])
  assert.deepEqual([labels.producedBy?.pipeline, labels.producedBy?.step], ['label', 'share'])
  const images = (await ask<Shown>(directory, ['data', 'show', 'images'])).version
  const copies = (await ask<Shown>(directory, ['data', 'show', 'copies'])).version
  assert.equal(copies.digest, images.digest)
  assert.equal(copies.producedBy?.step, 'share-all')

  mkdirSync(join(directory, 'images', 'cow'))
  writeFileSync(join(directory, 'images', 'cow', '3.png'), 'three')
  await ask(directory, ['data', 'add', 'images'])
  await ask(directory, ['data', 'tag', 'images', 'gold', '--move'])
  const refused = await command(directory, ['run', 'label'])
  assert.notEqual(refused.code, 0)
  assert.match(refused.notes, /label/)
  assert.equal((await ask<Shown>(directory, ['data', 'show', 'labels'])).version.version, 1)
})
