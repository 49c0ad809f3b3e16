import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createLocalProcessExecutor } from './local-process.ts'
import { isGroupAlive } from './process-group.ts'

const environment = { PATH: process.env['PATH'] ?? '' }

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10)
}

describe('a command on this machine', () => {
  const executor = createLocalProcessExecutor()
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-process-'))
  after(() => rmSync(directory, { recursive: true }))
  const launch = (command: string | string[], onOutput: (chunk: Uint8Array) => void = () => undefined) =>
    executor.launch({ command, directory, environment, onOutput })

  it('tells how it ended, and gives all of its output before that', async () => {
    const chunks: Uint8Array[] = []
    const job = await launch('echo out; echo err >&2; exit 3', (chunk) => chunks.push(chunk))
    assert.deepEqual(await job.finished, { exitCode: 3, signal: undefined })
    assert.deepEqual(Buffer.concat(chunks).toString().split('\n').sort(), ['', 'err', 'out'])
    const killed = await launch('kill -9 $$')
    assert.deepEqual(await killed.finished, { exitCode: undefined, signal: 'SIGKILL' })
  })

  it('inherits nothing that it was not given, and takes arguments as they are', async () => {
    process.env['DEVMLOPS_TEST_SECRET'] = 'secret'
    const chunks: Uint8Array[] = []
    const job = await launch(['printenv', 'PATH', 'DEVMLOPS_TEST_SECRET'], (chunk) => chunks.push(chunk))
    assert.equal((await job.finished).exitCode, 1)
    assert.equal(Buffer.concat(chunks).toString(), `${environment.PATH}\n`)
  })

  it('says that there is no such program', async () => {
    await assert.rejects(launch(['no-such-program-here']), {
      code: 'step_failed',
      message: 'There is no program "no-such-program-here".',
    })
  })

  it('lets the command tidy up, and then ends all that it started', async () => {
    const tidied = join(directory, 'tidied')
    const ready = Promise.withResolvers<unknown>()
    const job = await launch(
      `sh -c 'trap "echo yes > ${tidied}; exit" TERM; echo ready; while :; do sleep 0.05; done' & sleep 60`,
      ready.resolve,
    )
    await ready.promise
    await job.stop(5000)
    assert.equal(readFileSync(tidied, 'utf8'), 'yes\n')
    assert.equal(isGroupAlive(Number(job.handle['pid'])), false)
  })

  it('kills what ignores the request to stop', async () => {
    const ready = Promise.withResolvers<unknown>()
    const job = await launch(
      `trap '' TERM; sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'`,
      ready.resolve,
    )
    await ready.promise
    await job.stop(50)
    assert.equal(isGroupAlive(Number(job.handle['pid'])), false)
  })

  it('leaves nothing behind when the command is done', async () => {
    const job = await launch('sleep 60 & echo started')
    assert.equal((await job.finished).exitCode, 0)
    await until(() => !isGroupAlive(Number(job.handle['pid'])))
  })

  it('stops an orphan by its handle, and never a process that has got its number', async () => {
    const orphan = await launch('sleep 60')
    await executor.stopOrphan({ ...orphan.handle, startedAt: '1' })
    assert.equal(isGroupAlive(Number(orphan.handle['pid'])), true, 'another start time is another process')
    await executor.stopOrphan(orphan.handle)
    assert.equal((await orphan.finished).signal, 'SIGKILL')
    await executor.stopOrphan(orphan.handle)
  })
})
