import { Worker } from 'node:worker_threads'
import type { Kysely } from 'kysely'
import { DevmlopsError, fail, fromProblem, messageOf, type Problem } from '#contract/errors'
import type { DatabaseLocation, Engine } from './database.ts'

/**
 * A function that reads, and nothing else: it may run in a thread of its own, on a connection that cannot write, inside
 * one transaction, so that all its statements see one moment. What it takes and answers is copied between threads
 * (structured clone); a typed array of its answer, or directly in it, is handed over without a copy.
 */
export type ReadFunction<Input, Output> = (
  query: Kysely<unknown>,
  engine: Engine,
  input: Input,
) => Promise<Output>

/** Where a read function is: in a module that a thread can load, so a light one. */
export interface ReadPlace {
  /** As `import.meta.resolve('#lifecycle/tracking/run-page-read')` answers it. */
  readonly module: string
  /** The name under which the module exports the function. */
  readonly name: string
}

export interface ReadCall extends ReadPlace {
  readonly input: unknown
}

export interface ThreadAnswer {
  readonly output?: unknown
  readonly problem?: Problem
}

export interface ReaderOptions {
  /** How many reads at once: a slow one does not hold up all others. */
  readonly threads?: number
  /** After so long without work a thread ends, and gives its memory back. */
  readonly idleMs?: number
  /** So many reads wait; more are refused with `rate_limited`, which clients repeat later. */
  readonly mostWaiting?: number
}

interface Waiting {
  readonly call: ReadCall
  readonly resolve: (output: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * Reads beside the main thread. `node:sqlite` is synchronous: a page of 10,000 runs read on the main thread would hold up
 * every client that logs for as long as it takes, so long reads go to a thread with a connection of its own, which in WAL
 * mode waits for no writer and makes none wait. On PostgreSQL the statements wait elsewhere, but taking in what they answer
 * does not: 0.3 s of such a page. Threads start when there is work and end when there is none.
 */
export class Reader {
  readonly #location: DatabaseLocation
  readonly #options: Required<ReaderOptions>
  readonly #threads = new Set<ReaderThread>()
  readonly #waiting: Waiting[] = []
  #closed = false

  constructor(location: DatabaseLocation, options: ReaderOptions = {}) {
    this.#location = location
    this.#options = { threads: 2, idleMs: 30_000, mostWaiting: 1000, ...options }
  }

  /** An abort takes a call out of the queue; one that runs already ends by itself, and its answer is dropped. */
  read(call: ReadCall, signal?: AbortSignal): Promise<unknown> {
    if (this.#closed) return Promise.reject(closedError())
    if (signal?.aborted === true) return Promise.reject(cancelledError())
    if (this.#waiting.length >= this.#options.mostWaiting) {
      return Promise.reject(
        new DevmlopsError('rate_limited', `${this.#waiting.length} reads wait already.`, {
          hint: 'Try again in a moment.',
        }),
      )
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const waiting: Waiting = { call, resolve, reject }
    this.#waiting.push(waiting)
    const abort = () => {
      const place = this.#waiting.indexOf(waiting)
      if (place !== -1) this.#waiting.splice(place, 1)
      reject(cancelledError())
    }
    signal?.addEventListener('abort', abort, { once: true })
    this.#next()
    return promise.finally(() => signal?.removeEventListener('abort', abort))
  }

  /** How many threads live. */
  get size(): number {
    return this.#threads.size
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { reject } of this.#waiting.splice(0)) reject(closedError())
    await Promise.all([...this.#threads].map((thread) => thread.end()))
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const thread = [...this.#threads].find(({ busy }) => !busy) ?? this.#start()
      if (thread === undefined) return
      const waiting = this.#waiting.shift()
      if (waiting !== undefined) thread.take(waiting)
    }
  }

  #start(): ReaderThread | undefined {
    if (this.#threads.size >= this.#options.threads) return undefined
    const thread = new ReaderThread(this.#location, this.#options.idleMs, {
      free: () => this.#next(),
      ended: () => {
        this.#threads.delete(thread)
        if (!this.#closed) this.#next()
      },
    })
    this.#threads.add(thread)
    return thread
  }
}

/** One thread, which does one call at a time. */
class ReaderThread {
  readonly #worker: Worker
  readonly #idleMs: number
  readonly #tell: { readonly free: () => void; readonly ended: () => void }
  #idle: NodeJS.Timeout | undefined
  #current: Waiting | undefined
  #ended = false

  constructor(location: DatabaseLocation, idleMs: number, tell: { free: () => void; ended: () => void }) {
    this.#idleMs = idleMs
    this.#tell = tell
    // Resolved by name, because the file ends in .ts here and in .js where the program is installed.
    this.#worker = new Worker(new URL(import.meta.resolve('#platform/database/reader-worker')), {
      workerData: { location },
    })
    this.#worker.on('message', (answer: ThreadAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#die(messageOf(error)))
    this.#worker.on('exit', () => this.#die('it ended'))
  }

  get busy(): boolean {
    return this.#current !== undefined || this.#ended
  }

  take(waiting: Waiting): void {
    clearTimeout(this.#idle)
    this.#current = waiting
    // A thread that works keeps the process alive, an idle one does not.
    this.#worker.ref()
    try {
      this.#worker.postMessage(waiting.call)
    } catch (error) {
      this.#release().reject(error)
    }
  }

  async end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#idle)
    await this.#worker.terminate()
  }

  #settle({ output, problem }: ThreadAnswer): void {
    const { resolve, reject } = this.#release()
    if (problem === undefined) resolve(output)
    else reject(fromProblem(problem, 'The read failed.'))
  }

  #release(): Waiting {
    const current = this.#current ?? fail('internal', 'A reader thread answered without being asked.')
    this.#current = undefined
    this.#worker.unref()
    this.#idle = setTimeout(() => void this.end(), this.#idleMs)
    this.#idle.unref()
    queueMicrotask(this.#tell.free)
    return current
  }

  #die(reason: string): void {
    const closedOnPurpose = this.#ended
    this.#ended = true
    clearTimeout(this.#idle)
    const current = this.#current
    this.#current = undefined
    current?.reject(
      closedOnPurpose
        ? closedError()
        : new DevmlopsError('internal', `The thread that reads the store ended: ${reason}.`),
    )
    this.#tell.ended()
  }
}

function closedError(): DevmlopsError {
  return new DevmlopsError('not_ready', 'The store is closed.')
}

function cancelledError(): DevmlopsError {
  return new DevmlopsError('cancelled', 'The caller went away.')
}
