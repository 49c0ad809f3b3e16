import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { PipelineRunDetail } from '#lifecycle/pipelines/index'
import { isProcessAlive } from './process-group.ts'

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10)
}

describe('a process that is killed in the middle of a pipeline', () => {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-crash-'))
  after(() => rmSync(directory, { recursive: true }))
  const words = ['--conditions=source', join(import.meta.dirname, 'crash.fixture.ts'), directory]

  it('takes its commands with it, and the next one goes on with what is not finished', async () => {
    const victim = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] })
    await until(() => existsSync(join(directory, 'grandchild.pid')))
    await until(() => readFileSync(join(directory, 'grandchild.pid'), 'utf8').endsWith('\n'))
    const grandchild = Number(readFileSync(join(directory, 'grandchild.pid'), 'utf8'))
    assert.ok(isProcessAlive(grandchild))
    victim.kill('SIGKILL')
    await until(() => !isProcessAlive(grandchild))

    writeFileSync(join(directory, 'go'), '')
    const { stdout } = await promisify(execFile)(process.execPath, words)
    const run = JSON.parse(stdout) as PipelineRunDetail
    assert.equal(run.state, 'succeeded', JSON.stringify(run.failure))
    assert.deepEqual(
      run.steps.map(({ step, state, attempt }) => [step, state, attempt]),
      [
        ['one', 'succeeded', 1],
        ['two', 'succeeded', 1],
        ['three', 'succeeded', 2],
        ['four', 'succeeded', 1],
      ],
    )
    assert.equal(readFileSync(join(directory, 'ran.txt'), 'utf8'), 'one\nthree\nthree\nfour\n')
    assert.equal(run.steps[2]?.outputs[0]?.digest, run.steps[0]?.outputs[0]?.digest)
  })
})
