import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { constants, getPriority } from 'node:os'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { lowerPriority } from './background-priority.ts'

const { PRIORITY_BELOW_NORMAL: low } = constants.priority
const module = import.meta.resolve('./background-priority.ts')

test(
  'a thread steps back, and the thread that started it does not',
  { skip: process.platform === 'linux' ? false : 'priorities of threads are Linux’s' },
  async () => {
    const before = getPriority(0)
    const code = `
      const { parentPort } = require('node:worker_threads')
      const { getPriority } = require('node:os')
      import(${JSON.stringify(module)}).then(({ workInBackground }) => {
        workInBackground()
        parentPort.postMessage(getPriority(0))
      })`
    const worker = new Worker(code, { eval: true, execArgv: ['--conditions=source'] })
    const priority = await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    await worker.terminate()
    assert.equal(priority, Math.max(low, before))
    assert.equal(getPriority(0), before)
  },
)

test('a process steps back, and one that is gone is no matter', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 10_000)'])
  await new Promise((resolve) => child.once('spawn', resolve))
  lowerPriority(child.pid ?? 0)
  assert.ok(getPriority(child.pid) >= low)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  lowerPriority(child.pid ?? 0)
})
