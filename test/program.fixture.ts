import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Problem } from '#contract/errors'

const executable = join(import.meta.dirname, '..', 'bin', 'devmlops')

export interface CommandResult<Answer> {
  readonly code: number
  /** The one document on standard output. */
  readonly answer: Answer
  /** What it printed for people. */
  readonly notes: string
}

type Environment = Readonly<Record<string, string>>

/** A command line in a process of its own, as a user types it, with `--json`. */
export function startCommand(directory: string, words: readonly string[], environment: Environment = {}) {
  const child = spawn(executable, [...words, '--json'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutSettings(), ...environment },
  })
  const printed = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (printed.err += chunk.toString()))
  const finished = once(child, 'close').then(([code, signal]) => ({
    code: (code as number | null) ?? -1,
    signal: signal as string | null,
    ...printed,
  }))
  return { child, finished, printed }
}

/** Runs a command line to its end. What it answers is whatever the one JSON document holds. */
export async function command<Answer = unknown>(
  directory: string,
  words: readonly string[],
  environment?: Environment,
): Promise<CommandResult<Answer>> {
  const { code, out, err } = await startCommand(directory, words, environment).finished
  return { code, answer: documentIn(out, words) as Answer, notes: err }
}

/** The same, for a command that must succeed. */
export async function ask<Answer>(directory: string, words: readonly string[]): Promise<Answer> {
  const { code, answer, notes } = await command<Answer>(directory, words)
  if (code !== 0) throw new Error(`devmlops ${words.join(' ')} ended with ${code}: ${notes}`)
  return answer
}

export interface Refusal {
  readonly exit: number
  readonly problem: Problem
}

/** The same, for a command that must be refused: the error and the exit code. */
export async function refusal(
  directory: string,
  words: readonly string[],
  environment?: Environment,
): Promise<Refusal> {
  const { code, answer, notes } = await command<{ error?: Problem }>(directory, words, environment)
  if (code === 0 || answer.error === undefined) {
    throw new Error(`devmlops ${words.join(' ')} was not refused: ${JSON.stringify(answer)} ${notes}`)
  }
  return { exit: code, problem: answer.error }
}

export interface ServerProcess {
  readonly url: string
  readonly child: ChildProcess
  /** Ends at once, as a power cut or the kernel would end it. */
  kill(): Promise<void>
  stop(): Promise<number | null>
}

export async function startServer(
  directory: string,
  words: readonly string[] = [],
  environment?: Environment,
): Promise<ServerProcess> {
  const ports = ['--port', '0', '--serving-port', '0']
  const { child, finished, printed } = startCommand(
    directory,
    ['server', ...(words.length === 0 ? ports : words)],
    environment,
  )
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal)
    await finished
    return child.exitCode
  }
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /"url": "([^"]+)"/.exec(printed.out)?.[1]
      if (found !== undefined) resolve(found)
    })
    void finished.then(({ code, out, err }) =>
      reject(new Error(`the server ended with ${code}: ${out}${err}`)),
    )
  })
  return { url, child, kill: async () => void (await end('SIGKILL')), stop: () => end('SIGTERM') }
}

/** Waits for something that another process does. The limit only ends a test that has failed. */
export async function until<Value>(
  look: () => Promise<Value | undefined> | Value | undefined,
  what: string,
): Promise<Value> {
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline) {
    const value = await look()
    if (value !== undefined) return value
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`waited in vain: ${what}`)
}

function documentIn(out: string, words: readonly string[]): unknown {
  try {
    return JSON.parse(out)
  } catch {
    throw new Error(`devmlops ${words.join(' ')} --json did not print one JSON document: ${out}`)
  }
}

/** A developer's own settings must not reach the test's projects. */
function withoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DEVMLOPS_')))
}
