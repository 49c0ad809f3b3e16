import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Caller } from '#contract/endpoint'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'

const data = 'images:\n  source: { folder: images/ }'

/** Version 1 has a, b and deep/c; version 2 has another b, no deep, and a folder where a was. */
async function twoVersions(): Promise<Workshop> {
  const workshop = await openWorkshop(data)
  await workshop.write('images/a', 'a1')
  await workshop.write('images/b', 'b1')
  await workshop.write('images/deep/er/c', 'c1')
  await chmod(join(workshop.directory, 'images/b'), 0o755)
  await workshop.service.add('images', {}, ada)
  await rm(join(workshop.directory, 'images/deep'), { recursive: true })
  await rm(join(workshop.directory, 'images/a'))
  await workshop.write('images/a/d', 'd2')
  await workshop.write('images/b', 'b2')
  await workshop.service.add('images', {}, ada)
  return workshop
}

const checkout = (
  { service }: Workshop,
  version: number | string | undefined,
  options: { to?: string; only?: string[]; force?: boolean; caller?: Caller } = {},
) => {
  const { caller = ada, ...rest } = options
  const input = { name: 'images', only: [], force: false, ...rest, ...(version !== undefined && { version }) }
  return service.workspace.checkout(input, { caller })
}

const listing = ({ directory }: Workshop, folder = 'images') =>
  execFileSync('find', ['.', '-type', 'f'], { cwd: join(directory, folder) })
    .toString()
    .trim()
    .split('\n')
    .sort()

test('a folder becomes what a version says, and back', async () => {
  await using workshop = await twoVersions()
  const { written, removed } = await checkout(workshop, 1)
  assert.deepEqual([written, removed], [3, 1])
  assert.deepEqual(listing(workshop), ['./a', './b', './deep/er/c'])
  assert.equal((await stat(join(workshop.directory, 'images/b'))).mode & 0o100, 0o100)
  const { clean, version, newest } = await workshop.service.workspace.status('images', 9)
  assert.deepEqual([clean, version?.version, newest], [true, 1, 2])
  assert.equal((await checkout(workshop, 1)).written, 0)
  await checkout(workshop, 2)
  assert.deepEqual(listing(workshop), ['./a/d', './b'])
  assert.equal(existsSync(join(workshop.directory, 'images/deep')), false, 'an empty folder stayed')
  assert.equal(readFileSync(join(workshop.directory, 'images/b'), 'utf8'), 'b2')
})

test('work that no version holds is not lost, unless that is asked for', async () => {
  await using workshop = await twoVersions()
  await workshop.write('images/b', 'of mine')
  await workshop.write('images/new', 'of mine')
  await assert.rejects(
    checkout(workshop, 1),
    /2 files are in no version as they are and would be lost: b, new/,
  )
  assert.deepEqual(listing(workshop), ['./a/d', './b', './new'], 'something was touched')
  await checkout(workshop, 1, { force: true })
  assert.deepEqual(listing(workshop), ['./a', './b', './deep/er/c'])
})

test('a file that another version holds may be replaced', async () => {
  await using workshop = await twoVersions()
  await workshop.write('images/b', 'b1')
  await chmod(join(workshop.directory, 'images/b'), 0o755)
  await checkout(workshop, 2)
  assert.equal(readFileSync(join(workshop.directory, 'images/b'), 'utf8'), 'b2')
})

test('a part can be checked out, and does not become a version by mistake', async () => {
  await using workshop = await twoVersions()
  await rm(join(workshop.directory, 'images'), { recursive: true })
  await checkout(workshop, 1, { only: ['deep/**'] })
  assert.deepEqual(listing(workshop), ['./deep/er/c'])
  const { clean, only } = await workshop.service.workspace.status('images', 9)
  assert.deepEqual([clean, only], [true, ['deep/**']])
  await assert.rejects(workshop.service.add('images', {}, ada), /only a part of images@1/)
  await checkout(workshop, 1)
  // To go back to an older version is to add it again.
  assert.equal((await workshop.service.add('images', {}, ada)).version?.version, 3)
  assert.equal((await workshop.service.get('images', 3)).parent, 1)
})

test('nothing is written through a link', async () => {
  await using workshop = await twoVersions()
  await rm(join(workshop.directory, 'images'), { recursive: true })
  await mkdir(join(workshop.directory, 'images'))
  await mkdir(join(workshop.directory, 'elsewhere'))
  await symlink('../elsewhere', join(workshop.directory, 'images/deep'))
  await assert.rejects(checkout(workshop, 1), /deep is a symbolic link/)
  await workshop.describe('images:\n  source: { folder: images/, exclude: [deep] }')
  await assert.rejects(checkout(workshop, 1), /deep is a symbolic link where a folder has to be/)
  assert.equal(existsSync(join(workshop.directory, 'elsewhere/er')), false)
})

test('the folder of a dataset does not lead out of the project', async () => {
  await using workshop = await twoVersions()
  await rm(join(workshop.directory, 'images'), { recursive: true })
  await symlink(tmpdir(), join(workshop.directory, 'images'))
  await assert.rejects(checkout(workshop, 1), /images\/ leads out of the project/)
})

test('another place is for an administrator, and never the store', async () => {
  await using workshop = await twoVersions()
  const bob: Caller = { name: 'bob', permissions: new Set(['read', 'write']) }
  await assert.rejects(checkout(workshop, 1, { to: '.git/hooks', caller: bob }), /bob is no administrator/)
  await assert.rejects(checkout(workshop, 1, { to: '.devmlops/blobs' }), /is in the store/)
  await checkout(workshop, 1, { to: 'copy' })
  assert.deepEqual(listing(workshop, 'copy'), ['./a', './b', './deep/er/c'])
  assert.equal((await workshop.service.workspace.status('images', 1)).version?.version, 2)
  assert.equal((await checkout(workshop, 1, { caller: bob })).written, 3)
})

test('what a killed checkout left half-written is swept away', async () => {
  await using workshop = await twoVersions()
  await writeFile(join(workshop.directory, 'images/.devmlops-partial-x'), 'half')
  await checkout(workshop, 1)
  assert.deepEqual(listing(workshop), ['./a', './b', './deep/er/c'])
})

test('the files of a table are written under their names', async () => {
  await using workshop = await openWorkshop('rows:\n  source: { files: in/*.csv }')
  const first = await workshop.write('in/1.csv', ['a', '1'])
  await workshop.write('in/2.csv', ['a', '2'])
  await workshop.service.add('rows', {}, ada)
  const input = { name: 'rows', only: [], force: false }
  await assert.rejects(workshop.service.workspace.checkout(input, { caller: ada }), /no folder of its own/)
  await workshop.service.workspace.checkout({ ...input, to: 'out' }, { caller: ada })
  assert.deepEqual(listing(workshop, 'out'), ['./in/1.csv', './in/2.csv'])
  assert.deepEqual(readFileSync(join(workshop.directory, 'out/in/1.csv')), readFileSync(first))
  await workshop.write('out/in/1.csv', 'of mine')
  await assert.rejects(
    workshop.service.workspace.checkout({ ...input, to: 'out' }, { caller: ada }),
    /in\/1\.csv is in no version/,
  )
})

test('status of a table names files that are not added yet', async () => {
  await using workshop = await openWorkshop('rows:\n  source: { files: in/*.csv }')
  await workshop.write('in/1.csv', ['a', '1'])
  await workshop.service.add('rows', {}, ada)
  assert.equal((await workshop.service.workspace.status('rows', 9)).clean, true)
  await workshop.write('in/2.csv', ['a', '2'])
  const { added, clean } = await workshop.service.workspace.status('rows', 9)
  assert.deepEqual([added.paths, clean], [['in/2.csv'], false])
})
