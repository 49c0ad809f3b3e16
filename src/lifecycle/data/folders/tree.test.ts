import assert from 'node:assert/strict'
import { mkdtemp, open, readdir, rm, truncate, writeFile, chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOf, fileBlobStore } from '#platform/blobs/index'
import { ada, openWorkshop } from '../service.fixture.ts'
import { collidingNames, portabilityProblem } from './file-names.ts'
import { matchPatterns } from './name-patterns.ts'
import { isSettled } from './settled-time.ts'
import { nodeText, parseNode, type TreeEntry } from './tree-node.ts'
import { createPackWriter, openPacks } from './tree-pack.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('a directory reads back as it was written', () => {
  const digest = digestOf(bytes('x'))
  const entries: TreeEntry[] = [
    { kind: 'file', name: 'a b – ä', digest, sizeBytes: 2 ** 41, executable: false },
    { kind: 'directory', name: 'd', digest, files: 70_000, sizeBytes: 3 },
    { kind: 'file', name: 'run', digest, sizeBytes: 0, executable: true },
  ]
  assert.deepEqual(parseNode(nodeText(entries)), entries)
  assert.deepEqual(parseNode(''), [])
})

test('a list of files from elsewhere leads nowhere else', () => {
  const line = (name: string) => `f ${'0'.repeat(64)} 1 ${name}\n`
  for (const name of ['..', '.', 'a/b', '../x', 'a\\b', 'a\0b', '']) {
    assert.throws(() => parseNode(line(name)), /has a line that none has/, JSON.stringify(name))
  }
  assert.throws(() => parseNode('f short 1 a\n'), /has a line that none has/)
})

test('a pack that lost or changed a byte is told, and gives no wrong list', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'devmlops-pack-'))
  try {
    const blobs = fileBlobStore(directory)
    const writer = createPackWriter(blobs)
    const texts = ['one\n'.repeat(100), 'two\n'.repeat(100)]
    for (const text of texts) await writer.add(digestOf(bytes(text)), text)
    const packs = await writer.end()
    const [first = ''] = texts
    {
      await using reader = await openPacks(blobs, packs)
      assert.equal(await reader.text(digestOf(bytes(first))), first)
      await assert.rejects(reader.text(digestOf(bytes('none'))), /in none of its packs/)
    }
    const path = await blobs.localPath(packs[0] ?? digestOf(bytes('')))
    await chmod(path, 0o600)
    const file = await open(path, 'r+')
    await file.write(new Uint8Array([0xff]), 0, 1, 12)
    await file.close()
    {
      await using reader = await openPacks({ localPath: async () => path }, packs)
      await assert.rejects(reader.text(digestOf(bytes(first))), { code: 'storage_corrupt' })
    }
    await truncate(path, 20)
    await assert.rejects(openPacks({ localPath: async () => path }, packs), { code: 'storage_corrupt' })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('a cache that a power cut left half-written is no cache', async () => {
  await using workshop = await openWorkshop('images:\n  source: { folder: images/ }')
  await workshop.write('images/a/1', 'x')
  await workshop.write('images/2', 'y')
  await workshop.service.add('images', {}, ada)
  const folder = join(workshop.home, 'cache/folders')
  for (const damage of [
    (path: string) => truncate(path, 40),
    (path: string) => writeFile(path, new Uint8Array(500)),
    (path: string) => writeFile(path, ''),
  ]) {
    for (const name of await readdir(folder)) await damage(join(folder, name))
    assert.equal((await workshop.service.workspace.status('images', 9)).clean, true)
    assert.equal((await workshop.service.add('images', {}, ada)).created, false)
  }
})

test('patterns mean what they mean in .gitignore', () => {
  const cases: [string, string, boolean][] = [
    ['*.tmp', 'a.tmp', true],
    ['*.tmp', 'deep/er/a.tmp', true],
    ['*.tmp', 'a.tmp.png', false],
    ['drafts/', 'drafts/x/y', true],
    ['drafts/', 'other/drafts/x', true],
    ['drafts/**', 'drafts/x/y', true],
    ['/a', 'a/b', true],
    ['/a', 'b/a', false],
    ['a/*.png', 'a/1.png', true],
    ['a/*.png', 'a/b/1.png', false],
    ['a/**/1.png', 'a/1.png', true],
    ['a/**/1.png', 'a/b/c/1.png', true],
    ['?.[pj]*', 'a.png', true],
    ['*.{jpg,jpeg}', 'x/b.jpeg', true],
    ['[!a]', 'a', false],
    ['[!a]', 'b', true],
    ['a.b', 'axb', false],
    ['(x)+', '(x)+', true],
  ]
  for (const [pattern, path, expected] of cases) {
    assert.equal(matchPatterns([pattern])(path), expected, `${pattern} on ${path}`)
  }
  assert.equal(matchPatterns([])('a'), false)
})

test('names that other systems cannot keep are known', () => {
  assert.deepEqual(collidingNames(['a', 'B', 'b']), ['B', 'b'])
  // One letter, and a letter with a mark.
  assert.deepEqual(collidingNames(['\u00E4', 'a\u0308']), ['\u00E4', 'a\u0308'])
  assert.equal(collidingNames(['a', 'b']), undefined)
  for (const name of ['con', 'NUL.txt', 'a:b', 'end.', 'end ', 'what?']) {
    assert.notEqual(portabilityProblem(name), undefined, name)
  }
  assert.equal(portabilityProblem('console.log'), undefined)
})

test('a time is believed when the clock has moved on since', () => {
  const second = 1_000_000_000n
  const now = 1000n * second
  assert.equal(isSettled(now - 30_000_001n, now), true)
  assert.equal(isSettled(now - 10_000_001n, now), false)
  assert.equal(isSettled(now + 1n, now), false)
  // Whole seconds only: a file system that counts them in pairs.
  assert.equal(isSettled(now - 2n * second, now), false)
  assert.equal(isSettled(now - 3n * second, now), true)
})
