import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { ada, openWorkshop } from '../service.fixture.ts'

const data = 'd:\n  source: { files: "incoming/*.csv" }\n  key: id'
const files = [0, 1, 2]

function rowsOf(file: number): string[] {
  return ['id,value', ...Array.from({ length: 5_000 }, (_, row) => `${file * 5_000 + row},${row % 97}`)]
}

/** Starts an add and kills its process some time after it began. */
async function killedAfter(delayMs: number, directory: string): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--conditions=source', join(import.meta.dirname, 'add.fixture.ts'), directory, data],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await wait(delayMs)
  child.kill('SIGKILL')
  await ended
}

test('an add that is killed at any moment, then run again, ends in the same version', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'devmlops-data-'))
  try {
    let expected: unknown
    {
      await using clean = await openWorkshop(data)
      for (const file of files) await clean.write(`incoming/${file}.csv`, rowsOf(file))
      expected = (await clean.service.add('d', {}, ada)).version?.digest
    }
    const random = createRandom(5)
    {
      await using prepared = await openWorkshop(data, { directory })
      for (const file of files) await prepared.write(`incoming/${file}.csv`, rowsOf(file))
    }
    for (const longestMs of [30, 120, 300]) await killedAfter(random.uniform() * longestMs, directory)

    await using workshop = await openWorkshop(data, { directory })
    const { version } = await workshop.service.add('d', {}, ada)
    assert.deepEqual([version?.version, version?.digest, version?.rows], [1, expected, 15_000])
    const { parts } = await workshop.service.get('d', 'latest')
    for (const { digest } of parts) await workshop.platform.files.localPath(digest)
    const arrived = (await workshop.events()).filter(({ type }) => type === 'data.arrived')
    assert.ok(arrived.length >= 1, 'the arrival was told')
    assert.deepEqual([...new Set(arrived.map(({ subject }) => subject))], ['dataset/d@1'])
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('a version whose news was cut off is told by the next add', async () => {
  await using workshop = await openWorkshop(data)
  await workshop.write('incoming/1.csv', ['id,value', '1,1'])
  const { events } = workshop.platform
  const emit = events.emit
  events.emit = () => Promise.reject(new Error('the process died here'))
  await assert.rejects(workshop.service.add('d', {}, ada), /died here/)
  events.emit = emit
  const { created } = await workshop.service.add('d', {}, ada)
  assert.equal(created, false)
  assert.deepEqual(
    (await workshop.events()).map(({ subject }) => subject),
    ['dataset/d@1'],
  )
})
