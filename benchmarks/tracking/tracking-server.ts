import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A tracking server as its users start it, each time in the same folder of its own. */
export interface TrackingServer {
  readonly name: string
  readonly directory: string
  /** SQLite file that the server keeps its data in, or the URL of its database. */
  readonly store: string
  readonly kind: 'devmlops' | 'mlflow' | 'fasttrackml'
  /** Whether artifacts go through it. */
  readonly carriesArtifacts: boolean
  start(): Promise<RunningServer>
  remove(): void
}

export interface RunningServer {
  readonly url: string
  readonly pid: number
  /** From the start of its process to its first answer. */
  readonly startMs: number
  stop(): Promise<void>
}

interface Definition {
  readonly name: string
  readonly kind: TrackingServer['kind']
  readonly carriesArtifacts?: boolean
  readonly files?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  store(directory: string): string
  command(port: number): readonly string[]
}

const executable = join(import.meta.dirname, '..', '..', 'bin', 'devmlops')

export function devmlops(databaseUrl?: string): TrackingServer {
  return serverOf({
    name: databaseUrl === undefined ? 'devmlops' : 'devmlops on PostgreSQL',
    kind: 'devmlops',
    carriesArtifacts: true,
    files: { 'devmlops.yaml': 'project: bench\n' },
    environment: databaseUrl === undefined ? {} : { DEVMLOPS_DATABASE_URL: databaseUrl },
    store: (directory) => databaseUrl ?? join(directory, '.devmlops', 'store.db'),
    command: (port) => [executable, 'server', '--port', String(port), '--serving-port', '0'],
  })
}

/** With all its defaults: four workers, SQLite. */
export function mlflow(python: string, databaseUrl?: string): TrackingServer {
  return serverOf({
    name: databaseUrl === undefined ? 'mlflow server' : 'mlflow server on PostgreSQL',
    kind: 'mlflow',
    carriesArtifacts: true,
    store: (directory) => databaseUrl ?? join(directory, 'mlflow.db'),
    command: (port) => [
      join(dirname(python), 'mlflow'),
      'server',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      ...(databaseUrl === undefined
        ? []
        : ['--backend-store-uri', databaseUrl.replace(/^postgres:/, 'postgresql+psycopg2:')]),
    ],
  })
}

/** Where the Python has it. */
export function fasttrackml(python: string): TrackingServer | undefined {
  const program = join(dirname(python), 'fml')
  if (!existsSync(program)) return undefined
  return serverOf({
    name: 'fasttrackml',
    kind: 'fasttrackml',
    store: (directory) => join(directory, 'fasttrackml.db'),
    command: (port) => [program, 'server', '--listen-address', `127.0.0.1:${port}`],
  })
}

function serverOf(definition: Definition): TrackingServer {
  const { name, kind, carriesArtifacts = false, files = {}, environment = {} } = definition
  const directory = mkdtempSync(join(tmpdir(), `tracking-bench-${kind}-`))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
  return {
    name,
    kind,
    directory,
    carriesArtifacts,
    store: definition.store(directory),
    start: async () => {
      const port = await freePort()
      const [command = '', ...words] = definition.command(port)
      const log = openSync(join(directory, 'server.log'), 'w')
      const startedAt = performance.now()
      // In a group of its own, so that its workers end with it.
      const child = spawn(command, words, {
        cwd: directory,
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...process.env, ...environment },
      })
      closeSync(log)
      const url = `http://127.0.0.1:${port}`
      await firstAnswer(child, { url, log: join(directory, 'server.log') })
      return {
        url,
        pid: child.pid ?? 0,
        startMs: performance.now() - startedAt,
        stop: () => stop(child),
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

async function firstAnswer(child: ChildProcess, { url, log }: { url: string; log: string }): Promise<void> {
  const deadline = performance.now() + 120_000
  while (performance.now() < deadline && child.exitCode === null) {
    try {
      const response = await fetch(`${url}/health`)
      await response.arrayBuffer()
      if (response.ok) return
    } catch {
      // It does not listen yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`A server does not answer: ${readFileSync(log, 'utf8').slice(-2000)}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  const force = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), 10_000)
  process.kill(-child.pid, 'SIGTERM')
  await ended
  clearTimeout(force)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
