import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { program, projectDirectory } from './shell.ts'

export interface Server {
  readonly url: string
  /** False when it ran already: then it is not this demo's to stop. */
  readonly own: boolean
  stop(): Promise<void>
}

const startTimeoutMs = 30_000

/** Starts `devmlops server` on free ports, or uses the one that a killed demo left running. */
export async function startServer(): Promise<Server> {
  const home = join(projectDirectory, '.devmlops')
  const known = await runningServer(home)
  if (known !== undefined) return { ...known, own: true }
  mkdirSync(home, { recursive: true })
  const log = openSync(join(dirname(projectDirectory), 'server.log'), 'a')
  const child = spawn(program, ['server', '--port', '0', '--serving-port', '0'], {
    cwd: projectDirectory,
    stdio: ['ignore', log, log],
  })
  const deadline = Date.now() + startTimeoutMs
  while (child.exitCode === null && Date.now() < deadline) {
    const server = await runningServer(home)
    if (server !== undefined) return { ...server, own: true }
    await sleep(50)
  }
  throw new Error(`The server did not start; see ${join(dirname(projectDirectory), 'server.log')}`)
}

async function runningServer(home: string): Promise<Omit<Server, 'own'> | undefined> {
  const file = join(home, 'server.json')
  if (!existsSync(file)) return undefined
  const { url, pid } = JSON.parse(readFileSync(file, 'utf8')) as { url: string; pid: number }
  const alive = await fetch(new URL('/health', url)).then(
    (answer) => answer.ok,
    () => false,
  )
  if (!alive) return undefined
  return { url, stop: () => stopProcess(pid) }
}

async function stopProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM')
    for (;;) {
      process.kill(pid, 0)
      await sleep(50)
    }
  } catch {
    // It has ended.
  }
}
