import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createRandom } from '#platform/random'
import { ada, openWorkshop } from '../service.fixture.ts'

const data = 'images:\n  source: { folder: images/ }'
const longestMs = [40, 120, 250]

/** Runs the work in a process of its own, and kills that some time after it began. */
async function killedAfter(delayMs: number, words: readonly string[]): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--conditions=source', join(import.meta.dirname, 'killed.fixture.ts'), ...words],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await wait(delayMs)
  child.kill('SIGKILL')
  await ended
}

async function inFolder(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'devmlops-data-'))
  try {
    await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function fill(directory: string, content: string): Promise<void> {
  await using workshop = await openWorkshop(data, { directory })
  const random = createRandom(3)
  for (let file = 0; file < 1500; file += 1) {
    const noise = Array.from({ length: 30 }, () => random.uniform().toString(36)).join('')
    await workshop.write(`images/${file % 5}/${file}`, file % 3 === 0 ? `${content}${noise}` : noise)
  }
}

test('an add of a folder that is killed at any moment, then run again, ends in the same version', () =>
  inFolder(async (directory) => {
    await fill(directory, 'one')
    const random = createRandom(7)
    for (const most of longestMs) await killedAfter(random.uniform() * most, [directory, data])
    await using workshop = await openWorkshop(data, { directory })
    const { version } = await workshop.service.add('images', {}, ada)
    assert.deepEqual([version?.version, version?.files], [1, 1500])
    const input = { name: 'images', to: 'copy', only: [], force: false }
    await workshop.service.workspace.checkout(input, { caller: ada })
    execFileSync('diff', ['-r', 'images', 'copy'], { cwd: directory })
    const { items } = await workshop.service.workspace.files('images', 1, { prefix: '', limit: 2000 })
    for await (const damage of workshop.platform.files.verify(items.map(({ digest }) => digest))) {
      assert.fail(`${damage.file} is damaged`)
    }
  }))

test('a checkout that is killed at any moment goes on without force, and ends in the version', () =>
  inFolder(async (directory) => {
    await fill(directory, 'one')
    {
      await using workshop = await openWorkshop(data, { directory })
      await workshop.service.add('images', {}, ada)
    }
    await cp(join(directory, 'images'), join(directory, 'first'), { recursive: true })
    await rm(join(directory, 'images/4'), { recursive: true })
    await fill(directory, 'two')
    {
      await using workshop = await openWorkshop(data, { directory })
      await workshop.service.add('images', {}, ada)
    }
    const random = createRandom(11)
    for (const most of longestMs) await killedAfter(random.uniform() * most, [directory, data, '1'])
    await using workshop = await openWorkshop(data, { directory })
    const input = { name: 'images', version: 1, only: [], force: false }
    await workshop.service.workspace.checkout(input, { caller: ada })
    execFileSync('diff', ['-r', 'images', 'first'], { cwd: directory })
    assert.equal((await workshop.service.workspace.status('images', 1)).clean, true)
  }))
