import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { extname, join } from 'node:path'
import { environmentWith } from './environment.ts'
import type { EndStatus } from './run.ts'

export interface ProcessEndOptions {
  /** Ends what is open with this status, and sends it; the process goes on if that needs time. */
  readonly settle: (status: EndStatus) => Promise<void>
  /** The same at once: into the journal, whose path is given if anything is in it. */
  readonly save: (status: EndStatus) => string | undefined
  readonly token: string | undefined
  /** How long a process that is ending waits for the server. */
  readonly exitTimeoutMs: number
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Which listeners are the SDK's: another connection's must not be taken for the program's own. */
const mark = Symbol.for('devmlops.processEnd')

/**
 * Sends the rest however the process ends: when nothing is left to do, by `process.exit`, by an uncaught error, by a signal.
 * An exit code that is not 0 means that the runs failed; a signal, that they were killed. Gives what takes the listeners away.
 */
export function watchProcessEnd(options: ProcessEndOptions): () => void {
  const { settle, save } = options
  let saved = false
  let settled = false

  const saveAndSend = (status: EndStatus): void => {
    if (saved) return
    saved = true
    const path = save(status)
    if (path !== undefined && !settled) sendNow(path, options)
  }
  const onceIdle = (code: number): void => {
    if (settled) return
    settled = true
    void settle(code === 0 ? 'FINISHED' : 'FAILED')
  }
  const onExit = (code: number): void => saveAndSend(code === 0 ? 'FINISHED' : 'FAILED')
  const onSignal = Object.assign(
    (signal: NodeJS.Signals): void => {
      const others = process.listeners(signal).filter((listener) => !(mark in listener))
      // Whoever listens for the signal decides how the process ends, and `exit` follows.
      if (others.length > 0) return
      saveAndSend('KILLED')
      process.off(signal, onSignal)
      // The last of the SDK's listeners lets the signal do what it would have done.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    },
    { [mark]: true },
  )
  process.on('beforeExit', onceIdle)
  process.on('exit', onExit)
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    process.off('beforeExit', onceIdle)
    process.off('exit', onExit)
    for (const signal of signals) process.off(signal, onSignal)
  }
}

/** A process that exits cannot wait for an answer any more, but it can wait for another process that does. */
function sendNow(path: string, { token, exitTimeoutMs }: ProcessEndOptions): void {
  const sender = join(import.meta.dirname, `send-journal${extname(import.meta.filename)}`)
  // A program that was bundled into one file has no such file beside it; then the next process sends the journal.
  if (exitTimeoutMs <= 0 || !existsSync(sender)) return
  const conditions = process.execArgv.filter((word) => /^(--conditions|-C)=/.test(word))
  spawnSync(process.execPath, [...conditions, sender, path], {
    timeout: exitTimeoutMs,
    killSignal: 'SIGKILL',
    stdio: 'ignore',
    env: environmentWith(token),
  })
}
