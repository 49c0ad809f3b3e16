import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { explainSqlite } from './storage-problem.ts'

/**
 * The one writer of an embedded store. The lock is the operating system's, so a killed process leaves none behind. It is held
 * as long as somebody keeps this object: what nobody can release any more is let go by the collector.
 */
export interface StoreLock {
  release(): void
}

/**
 * Takes the right to write to the store in `home`, or fails with `store_in_use` naming the holder. Node has no `flock`;
 * SQLite takes the same kernel lock on any file and drops it when the process dies.
 */
export function acquireStoreLock(home: string, purpose: string): StoreLock {
  const holderFile = join(home, 'lock.json')
  const database = openLockFile(home)
  try {
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    const explained = explainSqlite(error, home)
    if (!(explained instanceof DevmlopsError) || explained.code !== 'store_in_use') throw explained
    fail('store_in_use', `The store in ${home} is in use by ${holderOf(holderFile)}.`, {
      hint: 'Wait until it ends, stop it, or point DEVMLOPS_SERVER at the running server.',
      cause: error,
    })
  }
  noteHolder(holderFile, purpose)
  return {
    release: () => {
      rmSync(holderFile, { force: true })
      database.close()
    },
  }
}

function openLockFile(home: string): DatabaseSync {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    return new DatabaseSync(join(home, 'lock.db'))
  } catch (error) {
    return fail('permission_denied', `The folder ${home} cannot be written: ${messageOf(error)}.`, {
      hint: 'Check who owns it, or set DEVMLOPS_HOME to another folder.',
      cause: error,
    })
  }
}

/** Only for the message of whoever comes second: on a full disk the lock holds without it. */
function noteHolder(file: string, purpose: string): void {
  try {
    writeFileSync(file, JSON.stringify({ pid: process.pid, purpose }))
  } catch {
    rmSync(file, { force: true })
  }
}

function holderOf(file: string): string {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as { pid?: number; purpose?: string }
    return `\`devmlops ${holder.purpose}\` (process ${holder.pid})`
  } catch {
    return 'another process'
  }
}
