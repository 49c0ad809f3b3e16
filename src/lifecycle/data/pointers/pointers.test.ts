import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { childEnvironment } from '#platform/config'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'
import { installHooks } from './install-hooks.ts'

const data = 'images:\n  source: { folder: images/ }'

interface Repository extends Workshop {
  git(...words: string[]): string
}

/** A project in a Git work tree. */
async function inGit(section = data): Promise<Repository> {
  const workshop = await openWorkshop(section)
  const env = childEnvironment({
    GIT_AUTHOR_NAME: 'ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_CONFIG_GLOBAL: '/dev/null',
  })
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: workshop.directory, env, stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  git('init', '-q', '-b', 'main')
  await workshop.write('.gitignore', ['.devmlops', 'images', 'other'])
  git('add', '.')
  git('commit', '-qm', 'start')
  return Object.assign(workshop, { git })
}

const pointer = ({ directory }: Workshop, name = 'images') =>
  readFileSync(join(directory, `data-versions/${name}.yaml`), 'utf8')

async function addVersion(workshop: Workshop, content: string): Promise<void> {
  await workshop.write('images/a', content)
  await workshop.service.add('images', {}, ada)
}

const checkout = ({ service }: Workshop, version?: number) =>
  service.workspace.checkout(
    { name: 'images', only: [], force: false, ...(version !== undefined && { version }) },
    { caller: ada },
  )

test('an add and a checkout in a Git work tree write which version it is, one field a line', async () => {
  await using workshop = await inGit()
  await addVersion(workshop, 'one')
  const first = pointer(workshop)
  assert.match(
    first,
    /^# .+\ndataset: images\nversion: 1\ndigest: sha256:[0-9a-f]{64}\nfiles: 1\nbytes: 3\n$/,
  )
  await addVersion(workshop, 'other')
  assert.match(pointer(workshop), /^version: 2$/m)
  await checkout(workshop, 1)
  assert.equal(pointer(workshop), first)
})

test('outside of Git there is no pointer file', async () => {
  await using workshop = await openWorkshop(data)
  await addVersion(workshop, 'one')
  assert.throws(() => pointer(workshop), /ENOENT/)
})

test('a branch brings its own version, by number or by digest', async () => {
  await using workshop = await inGit()
  await addVersion(workshop, 'one')
  workshop.git('add', '.')
  workshop.git('commit', '-qm', 'one')
  workshop.git('checkout', '-qb', 'more')
  await addVersion(workshop, 'two')
  workshop.git('commit', '-qam', 'two')
  workshop.git('checkout', '-q', 'main')
  const { version, by, modified } = await workshop.service.workspace.status('images', 9)
  assert.deepEqual([version?.version, by, modified.paths], [1, 'pointer', ['a']])
  await checkout(workshop)
  assert.equal(readFileSync(join(workshop.directory, 'images/a'), 'utf8'), 'one')
  // Another store numbers for itself: there the same digest is version 7.
  await workshop.write('data-versions/images.yaml', pointer(workshop).replace('version: 1', 'version: 7'))
  assert.equal((await workshop.service.workspace.status('images', 9)).version?.version, 1)
})

test('branches with different datasets merge; the same one on both sides is a conflict that status explains', async () => {
  await using workshop = await inGit(`${data}\nother:\n  source: { folder: other/ }`)
  await addVersion(workshop, 'one')
  workshop.git('add', '.')
  workshop.git('commit', '-qm', 'one')
  workshop.git('checkout', '-qb', 'side')
  await workshop.write('other/x', 'x')
  await workshop.service.add('other', {}, ada)
  workshop.git('add', '.')
  workshop.git('commit', '-qm', 'another dataset')
  workshop.git('checkout', '-q', 'main')
  await addVersion(workshop, 'two')
  workshop.git('commit', '-qam', 'two')
  workshop.git('merge', '-q', 'side', '-m', 'merge')
  assert.match(pointer(workshop, 'other'), /^version: 1$/m)

  workshop.git('checkout', '-qb', 'left')
  await addVersion(workshop, 'three')
  workshop.git('commit', '-qam', 'three')
  workshop.git('checkout', '-q', 'main')
  await checkout(workshop)
  await addVersion(workshop, 'four, longer')
  workshop.git('commit', '-qam', 'four')
  assert.throws(() => workshop.git('merge', '-q', 'left'))
  const { notes, clean } = await workshop.service.workspace.status('images', 9)
  assert.equal(clean, false)
  assert.match(notes.join(), /merge that nobody has decided: version 4 .* or version 3 /)
  await assert.rejects(checkout(workshop), /merge that nobody has decided/)
  const { findings } = await workshop.service.workspace.checkPointers(false)
  assert.match(findings.map(({ problem }) => problem).join(), /undecided merge/)
  await checkout(workshop, 3)
  assert.match(pointer(workshop), /^version: 3$/m)
  assert.equal((await workshop.service.workspace.status('images', 9)).clean, true)
})

test('the check tells what does not belong together', async () => {
  await using workshop = await inGit()
  const problems = async (working = false) =>
    (await workshop.service.workspace.checkPointers(working)).findings
      .map(({ problem }) => problem)
      .join('; ')
  assert.match(await problems(), /images\.yaml is missing/)
  await addVersion(workshop, 'one')
  workshop.git('add', '.')
  workshop.git('commit', '-qm', 'one')
  assert.equal(await problems(true), '')
  await workshop.write('images/b', 'new')
  assert.equal(await problems(), '')
  assert.match(await problems(true), /working files differ from data-versions\/images\.yaml: b/)
  const text = pointer(workshop)
  await workshop.write('data-versions/images.yaml', text.replace(/sha256:.{8}/, 'sha256:00000000'))
  assert.match(await problems(), /images@1 has another digest here/)
  await workshop.write(
    'data-versions/images.yaml',
    text.replace(/version: 1/, 'version: 9').replace(/sha256:.{8}/, 'sha256:00000000'),
  )
  assert.match(await problems(), /neither in this store nor on a remote/)
  await workshop.write('data-versions/images.yaml', 'nonsense')
  await assert.rejects(problems(), /is no pointer file/)
  await workshop.write('data-versions/images.yaml', text)
  await workshop.write('data-versions/gone.yaml', text.replace('images', 'gone'))
  assert.match(await problems(), /gone\.yaml is of no dataset/)
})

test('a version that was made with code of another branch is told', async () => {
  await using workshop = await inGit()
  workshop.git('checkout', '-qb', 'side')
  await workshop.write('code.py', 'x')
  workshop.git('add', '.')
  workshop.git('commit', '-qm', 'code')
  await addVersion(workshop, 'one')
  const text = pointer(workshop)
  await rm(join(workshop.directory, 'data-versions'), { recursive: true })
  workshop.git('checkout', '-q', 'main')
  await workshop.write('data-versions/images.yaml', text)
  const { findings } = await workshop.service.workspace.checkPointers(false)
  assert.match(findings.map(({ problem }) => problem).join(), /made with the code of .* not in the history/)
})

test('hooks refuse a commit whose data differ, bring the data of a branch, and overwrite nobody', async () => {
  await using workshop = await inGit()
  const foreign = join(workshop.directory, '.git/hooks/pre-commit')
  writeFileSync(foreign, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  const first = await installHooks(workshop.directory)
  assert.deepEqual(
    first.map(({ name, state }) => `${name} ${state}`),
    ['pre-commit foreign', 'post-checkout written'],
  )
  assert.equal(readFileSync(foreign, 'utf8'), '#!/bin/sh\nexit 0\n')
  await rm(foreign)
  await installHooks(workshop.directory)
  const again = await installHooks(workshop.directory)
  assert.deepEqual(
    again.map(({ state }) => state),
    ['unchanged', 'unchanged'],
  )
  // A stand-in for the program: what the hooks ask of it, and that its no counts.
  const bin = join(workshop.directory, '.devmlops/bin')
  await mkdir(bin, { recursive: true })
  writeFileSync(
    join(bin, 'devmlops'),
    `#!/bin/sh\necho "$*" >> "${bin}/called"\n[ "$1" = data ] || ! [ -e "${bin}/differs" ]\n`,
    { mode: 0o755 },
  )
  const run = (...words: string[]) =>
    execFileSync('git', words, {
      cwd: workshop.directory,
      stdio: 'pipe',
      env: childEnvironment({ PATH: `${bin}:${childEnvironment({})['PATH']}` }),
    })
  const identity = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org']
  writeFileSync(join(bin, 'differs'), '')
  assert.throws(() => run(...identity, 'commit', '-q', '--allow-empty', '-m', 'x'), /nothing was committed/)
  await rm(join(bin, 'differs'))
  run(...identity, 'commit', '-q', '--allow-empty', '-m', 'x')
  run('checkout', '-qb', 'side')
  assert.deepEqual(readFileSync(join(bin, 'called'), 'utf8').trim().split('\n'), [
    'git check --working',
    'git check --working',
    'data checkout',
  ])
})

test('a version that is made on a branch follows the one that the branch has', async () => {
  await using workshop = await inGit()
  await addVersion(workshop, 'one')
  workshop.git('add', '.')
  workshop.git('commit', '-qm', 'one')
  workshop.git('checkout', '-qb', 'side')
  await addVersion(workshop, 'two')
  workshop.git('commit', '-qam', 'two')
  workshop.git('checkout', '-q', 'main')
  await checkout(workshop)
  const again = await workshop.service.add('images', {}, ada)
  assert.deepEqual([again.created, again.version?.version], [false, 1], 'nothing is new on this branch')
  await addVersion(workshop, 'three')
  const { version, parent } = await workshop.service.get('images', 'latest')
  assert.deepEqual([version, parent], [3, 1])
})
