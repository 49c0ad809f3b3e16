import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFile, chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { FileStore } from '#platform/files/index'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'

const data = 'images:\n  source: { folder: images/, exclude: ["*.tmp", "drafts/**"] }'

async function filled(): Promise<Workshop> {
  const workshop = await openWorkshop(data)
  await workshop.write('images/cats/1.png', new Uint8Array([0, 255, 10, 13]))
  await workshop.write('images/cats/2.png', 'two')
  await workshop.write('images/dogs/ä b.png', 'three')
  await workshop.write('images/readme', '')
  return workshop
}

const paths = async ({ service }: Workshop, version: number | string = 'latest', prefix = '') =>
  (await service.workspace.files('images', version, { prefix, limit: 100 })).items.map(({ path }) => path)

async function refusal(workshop: Workshop): Promise<string> {
  const error: unknown = await workshop.service.add('images', {}, ada).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error, 'it was taken in')
  assert.deepEqual(await workshop.service.versions('images', { limit: 1 }), [], 'a version appeared')
  return error.message
}

test('a folder becomes a version of files, and the same files again are the same version', async () => {
  await using workshop = await filled()
  await workshop.write('images/cats/half.tmp', 'x')
  await workshop.write('images/drafts/deep/3.png', 'x')
  await mkdir(join(workshop.directory, 'images/empty'))
  const first = await workshop.service.add('images', {}, ada)
  assert.deepEqual(first.changes, { added: 4, modified: 0, deleted: 0 })
  assert.deepEqual(
    [first.version?.kind, first.version?.files, first.version?.sizeBytes, first.version?.rows],
    ['folder', 4, 12, 0],
  )
  assert.deepEqual(await paths(workshop), ['cats/1.png', 'cats/2.png', 'dogs/ä b.png', 'readme'])
  const { validation, tree } = await workshop.service.get('images', 1)
  assert.deepEqual(validation.warnings, ['1 empty folder is left out.'])
  assert.equal(tree?.root, first.version?.digest)
  const again = await workshop.service.add('images', {}, ada)
  assert.deepEqual([again.created, again.version?.version, again.arrivals[0]?.state], [false, 1, 'known'])
})

test('the digest is of paths, bytes and the executable bit, and of nothing else', async () => {
  await using workshop = await filled()
  const digest = async () => (await workshop.service.add('images', {}, ada)).version?.digest
  const first = await digest()
  await utimes(join(workshop.directory, 'images/cats/1.png'), 1, 1)
  assert.equal(await digest(), first)
  await chmod(join(workshop.directory, 'images/cats/1.png'), 0o755)
  const executable = await digest()
  assert.notEqual(executable, first)
  await rename(join(workshop.directory, 'images/readme'), join(workshop.directory, 'images/readme.md'))
  assert.notEqual(await digest(), executable)
})

test('a change rewrites the lists on its way to the top and shares the rest', async () => {
  await using workshop = await filled()
  await workshop.service.add('images', {}, ada)
  await workshop.write('images/dogs/new.png', 'four')
  await rm(join(workshop.directory, 'images/readme'))
  const { changes } = await workshop.service.add('images', {}, ada)
  assert.deepEqual(changes, { added: 1, modified: 0, deleted: 1 })
  const [before, after] = [await workshop.service.get('images', 1), await workshop.service.get('images', 2)]
  const [pack] = before.tree?.packs ?? []
  assert.equal(after.tree?.packs.length, 2)
  assert.ok(pack !== undefined && after.tree?.packs.includes(pack), 'cats is still read from the first pack')
  assert.deepEqual(await paths(workshop, 1), ['cats/1.png', 'cats/2.png', 'dogs/ä b.png', 'readme'])
})

test('many small changes do not make a version of many packs', async () => {
  await using workshop = await openWorkshop(data)
  for (let folder = 0; folder < 20; folder += 1) {
    await workshop.write(`images/${folder}/x`, `${folder}`)
    await workshop.service.add('images', {}, ada)
  }
  const { tree, files } = await workshop.service.get('images', 'latest')
  assert.equal(files, 20)
  assert.ok((tree?.packs.length ?? 0) <= 17, `${tree?.packs.length} packs`)
  assert.equal((await paths(workshop)).length, 20)
  assert.deepEqual(await paths(workshop, 3), ['0/x', '1/x', '2/x'])
})

test('lists files by pages and by prefix', async () => {
  await using workshop = await filled()
  await workshop.service.add('images', {}, ada)
  assert.deepEqual(await paths(workshop, 1, 'cats/1'), ['cats/1.png'])
  assert.deepEqual(await paths(workshop, 1, 'do'), ['dogs/ä b.png'])
  const seen: string[] = []
  let after: string | undefined
  do {
    const page = await workshop.service.workspace.files('images', 1, { prefix: '', limit: 1, after })
    seen.push(...page.items.map(({ path }) => path))
    after = page.next
  } while (after !== undefined)
  assert.deepEqual(seen, await paths(workshop))
})

test('status names what was added, changed and deleted since the version', async () => {
  await using workshop = await filled()
  const status = () => workshop.service.workspace.status('images', 10)
  assert.deepEqual([(await status()).version, (await status()).added.count], [null, 4])
  await workshop.service.add('images', {}, ada)
  assert.equal((await status()).clean, true)
  await workshop.write('images/dogs/new.png', 'n')
  await appendFile(join(workshop.directory, 'images/cats/2.png'), '!')
  await rm(join(workshop.directory, 'images/readme'))
  const { added, modified, deleted, clean, version } = await status()
  assert.deepEqual(
    [added.paths, modified.paths, deleted.paths, clean, version?.version],
    [['dogs/new.png'], ['cats/2.png'], ['readme'], false, 1],
  )
})

test('a change that keeps size and time is seen, however soon it comes', async () => {
  await using workshop = await filled()
  const path = join(workshop.directory, 'images/cats/2.png')
  await utimes(path, 1_000_000_000, 1_000_000_000)
  await workshop.service.add('images', {}, ada)
  await writeFile(path, 'TWO')
  await utimes(path, 1_000_000_000, 1_000_000_000)
  assert.deepEqual((await workshop.service.workspace.status('images', 9)).modified.paths, ['cats/2.png'])
})

test('bytes that were only looked at are stored when they are added', async () => {
  await using workshop = await filled()
  await wait(50)
  // The look gives every file its digest, so that the add has nothing left to read for that.
  await workshop.service.workspace.status('images', 0)
  await workshop.service.add('images', {}, ada)
  await workshop.service.workspace.checkout(
    { name: 'images', to: 'copy', only: [], force: false },
    { caller: ada },
  )
  const same = execFileSync('diff', ['-r', 'images', 'copy'], { cwd: workshop.directory }).toString()
  assert.equal(same, '')
})

test('what no version can hold is refused by name, and no version appears', async () => {
  const cases: [string, (folder: string) => unknown, RegExp][] = [
    ['a link', (folder) => symlink('/etc/passwd', join(folder, 'link')), /link is a symbolic link/],
    ['a line feed', (folder) => writeFile(join(folder, 'a\nb'), ''), /"a\\nb" has a control character/],
    ['a backslash', (folder) => writeFile(join(folder, '..\\x'), ''), /has a backslash/],
    ['a pipe', (folder) => execFileSync('mkfifo', [join(folder, 'pipe')]), /pipe is no regular file/],
    [
      'no UTF-8',
      (folder) => writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x61, 0xff])]), ''),
      /no UTF-8 \(bytes 61ff\)/,
    ],
  ]
  for (const [what, make, message] of cases) {
    await using workshop = await filled()
    await make(join(workshop.directory, 'images'))
    assert.match(await refusal(workshop), message, what)
  }
})

test('links are followed to files inside only', async () => {
  await using workshop = await filled()
  await workshop.describe('images:\n  source: { folder: images/, links: follow }')
  const link = join(workshop.directory, 'images/link')
  await symlink('../devmlops.yaml', link)
  assert.match(await refusal(workshop), /link that leads out of the folder/)
  await rm(link)
  await symlink('gone', link)
  assert.match(await refusal(workshop), /link to a file that is not there/)
  await rm(link)
  await symlink('cats/2.png', link)
  await workshop.service.add('images', {}, ada)
  const { items } = await workshop.service.workspace.files('images', 1, { prefix: '', limit: 9 })
  const digestOf = (path: string) => items.find((item) => item.path === path)?.digest
  assert.equal(digestOf('link'), digestOf('cats/2.png'))
})

test('names that are not the same on every system are taken in with a warning', async () => {
  await using workshop = await filled()
  await workshop.write('images/cats/2.PNG', 'x')
  await workshop.write('images/a:b', 'x')
  const { version } = await workshop.service.add('images', {}, ada)
  assert.equal(version?.outcome, 'warn')
  const { warnings } = (await workshop.service.get('images', 1)).validation
  assert.match(warnings.join('\n'), /cats\/2\.(png|PNG) and cats\/2\.(png|PNG) are one file/)
  assert.match(warnings.join('\n'), /a:b cannot be written on Windows/)
})

test('a folder outside of the project needs its absolute path', async () => {
  await using workshop = await filled()
  await workshop.describe('images:\n  source: { folder: ../ }')
  assert.match(await refusal(workshop), /leads out of the project/)
  await symlink('/usr', join(workshop.directory, 'elsewhere'))
  await workshop.describe('images:\n  source: { folder: elsewhere }')
  assert.match(await refusal(workshop), /leads out of the project/)
  await workshop.describe('images:\n  source: { folder: nowhere/ }')
  assert.match(await refusal(workshop), /There is no file in nowhere/)
})

test('a file that changes while it is read makes no version', async () => {
  await using workshop = await filled()
  const { files } = workshop.platform
  const store: FileStore['store'] = async function* (wanted, options) {
    await appendFile(join(workshop.directory, 'images/cats/2.png'), 'more')
    yield* files.store(wanted, options)
  }
  Object.assign(workshop.platform, {
    files: new Proxy(files, { get: (target, key) => (key === 'store' ? store : Reflect.get(target, key)) }),
  })
  assert.match(await refusal(workshop), /cats\/2\.png changed while it was read/)
})

test('expectations on a folder are a mistake in the project file', async () => {
  await using workshop = await filled()
  await workshop.describe('images:\n  source: { folder: images/ }\n  key: id')
  await assert.rejects(workshop.service.add('images', {}, ada), /is a folder, whose files have no rows/)
})
