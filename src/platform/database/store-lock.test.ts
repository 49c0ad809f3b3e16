import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { acquireStoreLock } from './store-lock.ts'

describe('the lock of an embedded store', () => {
  let home = ''
  before(() => (home = mkdtempSync(join(tmpdir(), 'devmlops-lock-'))))
  after(() => rmSync(home, { recursive: true }))

  it('lets one process write, and tells the second who that is', async (context) => {
    const holder = await holdInChild(home)
    context.after(() => kill(holder))
    assert.throws(() => acquireStoreLock(home, 'server'), {
      code: 'store_in_use',
      message: `The store in ${home} is in use by \`devmlops run train\` (process ${holder.pid}).`,
    })
  })

  it('is gone when its process is killed with -9', async () => {
    await kill(await holdInChild(home))
    const lock = acquireStoreLock(home, 'server')
    lock.release()
  })

  it('is free again after its release, and leaves no word of its holder', () => {
    for (let round = 0; round < 3; round++) {
      const lock = acquireStoreLock(home, 'server')
      assert.throws(() => acquireStoreLock(home, 'run'), /`devmlops server`/)
      lock.release()
    }
    assert.equal(existsSync(join(home, 'lock.json')), false)
  })

  it('says so when the folder cannot be written', () => {
    writeFileSync(join(home, 'file'), '')
    assert.throws(() => acquireStoreLock(join(home, 'file', 'home'), 'server'), {
      code: 'permission_denied',
      message: /file\/home cannot be written/,
    })
  })
})

async function holdInChild(home: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--conditions=source', join(import.meta.dirname, 'store-lock-child.fixture.ts'), home],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit').then(() =>
    Promise.reject(new Error('the child ended before it held the lock')),
  )
  await Promise.race([once(child.stdout, 'data'), ended])
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}
