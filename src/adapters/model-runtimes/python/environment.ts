import { spawn } from 'node:child_process'
import { constants, createWriteStream } from 'node:fs'
import { access, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
// Not through the database's door, which would load every database driver into the hot path.
import { acquireStoreLock, type StoreLock } from '#platform/database/store-lock'
import type { Interpreter } from './interpreter.ts'
import type { Requirements } from './requirements.ts'

export interface EnvironmentStoreOptions {
  /** Holds one folder per environment. */
  readonly directory: string
  /** What `pip` and `venv` see. */
  readonly environment: Readonly<Record<string, string>>
  readonly buildTimeoutMs: number
}

export interface EnvironmentRequest {
  readonly label: string
  readonly interpreter: Interpreter
  readonly requirements: Requirements
}

export interface EnvironmentStore {
  /** Path of the environment's Python; builds it when it is not there. */
  python(request: EnvironmentRequest): Promise<string>
  close(): void
}

const readyFile = 'environment.json'
const logFile = 'build.log'
const shownLogLines = 6
const longestLogLine = 300
const lockPauseMs = 500

/**
 * Virtual environments, each built once from its requirements, whoever asks and from however many processes. A folder
 * counts when its `environment.json` is there, which is written last and whole; one without it was left by a process that
 * died, and is built anew (what pip has downloaded it still has).
 */
export function environmentStore(options: EnvironmentStoreOptions): EnvironmentStore {
  const building = new Map<string, Promise<string>>()
  const stopping = new AbortController()
  return {
    python: async (request) => {
      const { key } = request.requirements
      const present = building.get(key)
      if (present !== undefined) return present
      const work = findOrBuild(request, options, stopping.signal).finally(() => building.delete(key))
      building.set(key, work)
      return work
    },
    close: () => stopping.abort(),
  }
}

async function findOrBuild(
  request: EnvironmentRequest,
  options: EnvironmentStoreOptions,
  signal: AbortSignal,
): Promise<string> {
  const folder = join(options.directory, request.requirements.key)
  const python = join(folder, 'venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (await isComplete(folder, python)) return python
  const lock = await takeLock(folder, signal)
  try {
    // Whoever held the lock may have built it.
    if (await isComplete(folder, python)) return python
    await build({ folder, python }, request, { ...options, signal })
    return python
  } finally {
    lock.release()
  }
}

/** The interpreter that it was made with may have been removed since; then it is of no use. */
async function isComplete(folder: string, python: string): Promise<boolean> {
  try {
    await access(join(folder, readyFile))
    await access(python, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function takeLock(folder: string, signal: AbortSignal): Promise<StoreLock> {
  for (;;) {
    try {
      return acquireStoreLock(folder, 'python environment')
    } catch (error) {
      if (!(error instanceof DevmlopsError) || error.code !== 'store_in_use') throw error
    }
    await sleep(lockPauseMs, undefined, { signal })
  }
}

async function build(
  { folder, python }: { folder: string; python: string },
  { label, interpreter, requirements }: EnvironmentRequest,
  options: EnvironmentStoreOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const venv = join(folder, 'venv')
  const log = join(folder, logFile)
  await rm(join(folder, readyFile), { force: true })
  await rm(venv, { recursive: true, force: true })
  await mkdir(join(folder, 'requirements'), { recursive: true })
  for (const [name, text] of Object.entries(requirements.files))
    await writeFile(join(folder, 'requirements', name), text)
  await writeFile(log, '')
  const run = (command: string, words: readonly string[]): Promise<void> =>
    runLogged({ command, words, directory: join(folder, 'requirements'), log }, options)
  const started = performance.now()
  try {
    await run(interpreter.command, ['-m', 'venv', venv])
  } catch (error) {
    return failBuild(
      `${label}: a virtual environment could not be made with ${interpreter.command}`,
      log,
      error,
    )
  }
  try {
    const words = [
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      '--no-input',
      '--progress-bar',
      'off',
      '-r',
      'requirements.txt',
    ]
    await run(python, words)
  } catch (error) {
    return failBuild(`${label}: its requirements could not be installed`, log, error)
  }
  const facts = {
    python: interpreter.version,
    requirements: requirements.files['requirements.txt']?.trim().split('\n'),
    buildSeconds: Math.round((performance.now() - started) / 100) / 10,
  }
  await writeWhole(join(folder, readyFile), `${JSON.stringify(facts, null, 2)}\n`)
}

async function writeWhole(path: string, text: string): Promise<void> {
  const handle = await open(`${path}.new`, 'w')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.new`, path)
}

async function failBuild(message: string, log: string, error: unknown): Promise<never> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n')
  const told = lines
    .slice(-shownLogLines)
    .map((line) => (line.length > longestLogLine ? `${line.slice(0, longestLogLine)}…` : line))
    .join('\n')
  return fail('not_ready', `${message}: ${messageOf(error)}. The build said:\n${told}`, {
    hint: `The whole log is ${log}. Without a package index, set DEVMLOPS_PYTHON_ENVIRONMENT=as-is and DEVMLOPS_PYTHON to a Python that has the packages.`,
    cause: error,
  })
}

interface LoggedRun {
  readonly command: string
  readonly words: readonly string[]
  readonly directory: string
  readonly log: string
}

function runLogged(
  { command, words, directory, log }: LoggedRun,
  { environment, buildTimeoutMs, signal }: EnvironmentStoreOptions & { readonly signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const output = createWriteStream(log, { flags: 'a' })
    output.write(`$ ${[command, ...words].join(' ')}\n`)
    const child = spawn(command, words, {
      cwd: directory,
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: buildTimeoutMs,
      killSignal: 'SIGKILL',
      signal,
    })
    child.stdout.pipe(output, { end: false })
    child.stderr.pipe(output, { end: false })
    child.once('error', (error) => output.end(() => reject(error)))
    child.once('close', (code, ended) =>
      output.end(() => {
        if (code === 0) resolve()
        else reject(new Error(ended === null ? `it ended with code ${code}` : `it was ended by ${ended}`))
      }),
    )
  })
}
