import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, openSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail, fromProblem, messageOf, type Problem } from '#contract/errors'
import type { ServingHost } from '#lifecycle/serving/index'
import type { ServingStatus } from '#lifecycle/serving/plan'
import { childEnvironment } from '#platform/config'
import type { Log } from '#platform/log'
import { pinnedFetch } from './pinned-fetch.ts'

/**
 * The memory of a model that was let go returns to the system, also where the C library would keep it in pieces for later:
 * 60 loads of a forest of 20 MB grew by 150 MB without, by 1 MB with (`benchmarks/serving/load-cycles.ts`).
 */
const allocator = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const

/** What the running process is known by; kept on disk, so that a restarted server takes it over. */
interface ProcessRecord {
  readonly pid: number
  /** Empty until it listens. */
  readonly url: string
  readonly token: string
}

export interface LocalServingOptions {
  /** Folder of the process: its plan, its prediction logs, its own log. */
  readonly directory: string
  /** The program that serves. */
  readonly entry: string
  readonly host: string
  readonly port: number
  readonly home: string
  /** Of this program: a process of another one is replaced. */
  readonly version: string
  /** Of the process, when it answers over TLS. */
  readonly certificatePath?: string | undefined
  readonly log: Log
}

const startTimeoutMs = 20_000
const statusTimeoutMs = 60_000
/** A plan is in place when its models are loaded, and a Python model may need its packages installed first. */
const applyTimeoutMs = 280_000
const firstPauseMs = 50
/** How soon the end of a process is seen that another server started. */
const lookMs = 100
/** Its models are loaded twice meanwhile: the first process answers until the second is ready. */
const replaceTimeoutMs = 180_000
const longestPauseMs = 30_000
/** A process that lived this long did not die of its start. */
const steadyMs = 10_000

/**
 * The serving process as a child of this machine. It outlives a killed server on purpose: predictions go on being
 * answered, and the next server takes the process over instead of starting a second one.
 */
export function localServingHost(options: LocalServingOptions): ServingHost {
  const recordPath = join(options.directory, 'process.json')
  let record: ProcessRecord | undefined
  let wanted = false
  let starting: Promise<void> | undefined
  let replacing = false

  const call = async (method: 'GET' | 'PUT' | 'POST', path: string, body?: unknown): Promise<Response> => {
    const { url, token } = record ?? fail('not_ready', 'The serving process does not run.')
    const target = new URL(path, url)
    const request = {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(method === 'PUT' ? applyTimeoutMs : statusTimeoutMs),
    }
    const { certificatePath } = options
    if (target.protocol === 'http:' || certificatePath === undefined) return fetch(target, request)
    return pinnedFetch(target, request, certificatePath)
  }

  const status = async (): Promise<ServingStatus | undefined> => {
    if (record === undefined) return undefined
    // Once more: a connection that was kept may be one to the process before this one.
    const response =
      (await call('GET', '/control/status').catch(() => undefined)) ??
      (await call('GET', '/control/status').catch(() => undefined))
    return response?.ok === true ? ((await response.json()) as ServingStatus) : undefined
  }

  const takeOver = async (): Promise<boolean> => {
    const text = await readFile(recordPath, 'utf8').catch(() => undefined)
    if (text === undefined) return false
    const kept = JSON.parse(text) as ProcessRecord
    const url = kept.url === '' ? (await whenListening(kept.pid))?.url : kept.url
    if (url === undefined) return false
    record = { ...kept, url }
    if ((await status()) === undefined) {
      record = undefined
      return false
    }
    watch(record.pid)
    return true
  }

  /** The end of a process that is no child of this one is only seen by looking. */
  const watch = (pid: number): void => {
    const seenAt = Date.now()
    const timer = setInterval(() => {
      if (record?.pid !== pid) return clearInterval(timer)
      if (isAlive(pid)) return
      clearInterval(timer)
      ended(pid, 'it is gone', seenAt)
    }, lookMs)
    timer.unref()
  }

  const ended = (pid: number | undefined, how: string, since: number): void => {
    // One that never listened is reported by whoever waits for it; one that was replaced has done its work.
    if (!wanted || record?.pid !== pid || replacing) return
    record = undefined
    options.log.warn({ exited: how, pid }, 'the serving process ended')
    bringBack(Date.now() - since)
  }

  const keep = async (
    found: { readonly pid: number; readonly url: string },
    token: string,
  ): Promise<void> => {
    record = { pid: found.pid, url: found.url, token }
    await write(record)
  }

  const write = async (kept: ProcessRecord): Promise<void> => {
    await writeFile(`${recordPath}.new`, JSON.stringify(kept), { mode: 0o600 })
    await rename(`${recordPath}.new`, recordPath)
  }

  /** Undefined when the process ends, or does not listen in time. */
  const whenListening = async (pid: number): Promise<{ readonly url: string } | undefined> => {
    const deadline = Date.now() + startTimeoutMs
    while (isAlive(pid) && Date.now() < deadline) {
      const found = await listening()
      if (found?.pid === pid) return found
      await sleep(20)
    }
    return undefined
  }

  const listening = async (): Promise<{ readonly pid: number; readonly url: string } | undefined> => {
    const text = await readFile(join(options.directory, 'listening.json'), 'utf8').catch(() => undefined)
    return text === undefined ? undefined : (JSON.parse(text) as { pid: number; url: string })
  }

  const launch = async (): Promise<void> => {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 })
    await rm(recordPath, { force: true })
    const token = randomBytes(32).toString('base64url')
    const logFile = openSync(join(options.directory, 'process.log'), 'a', 0o600)
    const child = spawn(process.execPath, [...process.execArgv, options.entry], {
      detached: true,
      stdio: ['ignore', logFile, logFile],
      env: childEnvironment({
        ...allocator,
        DEVMLOPS_HOME: options.home,
        DEVMLOPS_SERVING_DIRECTORY: options.directory,
        DEVMLOPS_SERVING_TOKEN: token,
        DEVMLOPS_HOST: options.host,
        DEVMLOPS_SERVING_PORT: String(options.port),
      }),
    })
    child.unref()
    // Before it listens: a server that is killed now leaves a process that only its token can take over.
    if (child.pid !== undefined) await write({ pid: child.pid, url: '', token })
    const exited: { how?: string } = {}
    const startedAt = Date.now()
    child.once('exit', (code, signal) => {
      exited.how = signal ?? `code ${code}`
      ended(child.pid, exited.how, startedAt)
    })
    const deadline = startedAt + startTimeoutMs
    while (exited.how === undefined && Date.now() < deadline) {
      const found = await listening()
      if (found !== undefined && found.pid === child.pid) return keep(found, token)
      await sleep(20)
    }
    child.kill('SIGKILL')
    fail(
      'not_ready',
      `The serving process did not start${exited.how === undefined ? ' in time' : `: it ended with ${exited.how}`}.`,
      {
        hint: `Is port ${options.port} free? Its log is ${join(options.directory, 'process.log')}.`,
      },
    )
  }

  // A process that cannot start, or dies at once, is tried again after ever longer pauses and not all the time.
  let failures = 0
  let nextTryAt = 0
  const nextPauseMs = (): number => Math.min(longestPauseMs, firstPauseMs * 2 ** failures++)

  const bringBack = (uptimeMs: number): void => {
    if (uptimeMs > steadyMs) failures = 0
    // The process restores the plan that it last accepted, so nothing has to be sent.
    setTimeout(() => {
      if (!wanted) return
      host
        .start()
        .catch((error: unknown) =>
          options.log.error({ error: messageOf(error) }, 'serving did not come back'),
        )
    }, nextPauseMs())
  }

  const launchWithPauses = async (): Promise<void> => {
    if (Date.now() < nextTryAt)
      fail('not_ready', 'The serving process did not start; it is tried again soon.')
    try {
      await launch()
    } catch (error) {
      nextTryAt = Date.now() + nextPauseMs()
      throw error
    }
  }

  const replace = async (): Promise<void> => {
    const before = record ?? fail('not_ready', 'The serving process does not run.')
    replacing = true
    try {
      const response = await call('POST', '/control/replace')
      if (!response.ok) throw fromProblem((await response.json()) as Problem, 'it was refused')
      const { pid } = (await response.json()) as { pid: number }
      const deadline = Date.now() + replaceTimeoutMs
      for (;;) {
        const found = await listening()
        if (found?.pid === pid) {
          await keep(found, before.token)
          watch(pid)
          return
        }
        if (!isAlive(pid) || Date.now() > deadline) {
          fail('not_ready', 'The new serving process did not start; the one before goes on answering.', {
            hint: `Its log is ${join(options.directory, 'process.log')}.`,
          })
        }
        await sleep(20)
      }
    } finally {
      replacing = false
    }
  }

  /** One that an older program started would not understand all that is new in a plan. */
  const renew = async (): Promise<void> => {
    const response = await call('GET', '/version')
    if (!response.ok || (await response.text()) === options.version) return
    await replace().catch((error: unknown) =>
      options.log.warn({ error: messageOf(error) }, 'the serving process of the program before goes on'),
    )
  }

  const host: ServingHost = {
    url: () => record?.url,
    ask: (path, body) => call('POST', path, body),
    status,
    start: () => {
      wanted = true
      starting ??= (async () => {
        if ((await status()) !== undefined) return
        if (await takeOver()) await renew()
        else await launchWithPauses()
      })().finally(() => {
        starting = undefined
      })
      return starting
    },
    apply: async (plan) => {
      const response = await call('PUT', '/control/plan', plan)
      if (response.ok) return
      const text = await response.text()
      let problem: Partial<Problem> & { error?: string } = {}
      try {
        problem = JSON.parse(text) as typeof problem
      } catch {
        // Not JSON: the text itself is the reason.
      }
      throw fromProblem({ code: 'invalid_input', ...problem }, problem.error ?? text)
    },
    replace,
    stop: async () => {
      wanted = false
      // One that is just being started would outlive this process unseen, with its port and its folder.
      await starting?.catch(() => undefined)
      const pid = record?.pid
      if (pid === undefined) return
      record = undefined
      await rm(recordPath, { force: true })
      try {
        process.kill(pid, 'SIGTERM')
        const deadline = Date.now() + 10_000
        while (Date.now() < deadline) {
          process.kill(pid, 0)
          await sleep(20)
        }
        process.kill(pid, 'SIGKILL')
      } catch {
        // It is gone.
      }
    },
  }
  return host
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
