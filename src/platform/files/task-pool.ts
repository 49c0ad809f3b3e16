import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { DevmlopsError, fromProblem, messageOf, type Problem } from '#contract/errors'
import { explainSystemError } from '../system-error.ts'
import { ownedBuffers, type Answering, type FileTask } from './file-task.ts'
import type { FileTasks } from './file-tasks.ts'

export type ToWorker =
  | { readonly id: number; readonly task: keyof FileTasks; readonly input: unknown }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly cancel: true }

export type FromWorker =
  | { readonly id: number; readonly question: unknown }
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly problem: Problem }

interface Running {
  readonly answer: (question: unknown) => Promise<unknown>
  readonly resolve: (output: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Thread {
  readonly worker: Worker
  readonly running: Map<number, Running>
  /** Tasks that it has or is about to get. */
  load: number
  idle?: NodeJS.Timeout
}

export interface TaskOptions {
  readonly answer?: Answering | undefined
  readonly signal?: AbortSignal | undefined
  readonly little?: boolean
}

/** Two, so that a thread has work while one of its tasks waits for an answer. */
export const tasksPerThread = 2
const idleMs = 10_000
const mostThreads = 8

/**
 * Threads for work on files: no more than cores, started when there is work and ended when there is none. They keep the
 * process alive only while they work.
 */
export class TaskPool {
  readonly size = Math.max(1, Math.min(mostThreads, availableParallelism()))
  readonly #threads = new Set<Thread>()
  readonly #waiting: ((thread: Thread) => void)[] = []
  #next = 0
  #closed = false

  /**
   * `answer` is asked by the task; when it fails, so does the task. Where there is `little` to do it is done here: a thread
   * starts later than a few files are read or written.
   */
  async run<Name extends keyof FileTasks>(
    task: Name,
    input: Parameters<FileTasks[Name]>[0],
    { answer, signal, little = false }: TaskOptions = {},
  ): Promise<Awaited<ReturnType<FileTasks[Name]>>> {
    if (little) return runHere(task, input, { answer, signal })
    const thread = await this.#free()
    const id = (this.#next += 1)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const asked = async (question: unknown): Promise<unknown> => answer?.(question as never)
    thread.running.set(id, { answer: asked, resolve, reject })
    thread.worker.ref()
    clearTimeout(thread.idle)
    const abort = (): void => thread.worker.postMessage({ id, cancel: true } satisfies ToWorker)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      thread.worker.postMessage({ id, task, input } satisfies ToWorker, ownedBuffers(input))
      return (await promise) as never
    } finally {
      signal?.removeEventListener('abort', abort)
      thread.running.delete(id)
      this.#release(thread)
    }
  }

  /** How many threads have nothing to do, or could be started. */
  get idle(): number {
    return this.size - [...this.#threads].filter(({ load }) => load > 0).length
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()))
  }

  #free(): Promise<Thread> | Thread {
    const least = [...this.#threads].reduce<Thread | undefined>(
      (best, one) => (best === undefined || one.load < best.load ? one : best),
      undefined,
    )
    const isBusy = least === undefined || least.load > 0
    const thread = isBusy && this.#threads.size < this.size ? this.#start() : least
    if (thread === undefined || thread.load >= tasksPerThread)
      return new Promise((resolve) => this.#waiting.push(resolve))
    thread.load += 1
    return thread
  }

  #release(thread: Thread): void {
    const isAlive = this.#threads.has(thread)
    const next = isAlive ? this.#waiting.shift() : undefined
    // Its place goes to whoever has waited longest.
    if (next !== undefined) return next(thread)
    thread.load -= 1
    if (thread.load > 0 || !isAlive) return
    thread.worker.unref()
    thread.idle = setTimeout(() => {
      this.#threads.delete(thread)
      void thread.worker.terminate()
    }, idleMs).unref()
  }

  #start(): Thread {
    if (this.#closed) throw new DevmlopsError('cancelled', 'The store of files is closed.')
    // Resolved by name, because the file ends in .ts here and in .js where the program is installed.
    const worker = new Worker(new URL(import.meta.resolve('#platform/files/file-worker')))
    const thread: Thread = { worker, running: new Map(), load: 0 }
    worker.on('message', (message: FromWorker) => this.#take(thread, message))
    worker.on('error', (error) => this.#lose(thread, messageOf(error)))
    worker.on('exit', () => this.#lose(thread, 'it ended'))
    this.#threads.add(thread)
    return thread
  }

  #take(thread: Thread, message: FromWorker): void {
    const running = thread.running.get(message.id)
    if (running === undefined) return
    if ('output' in message) return running.resolve(message.output)
    if ('problem' in message) return running.reject(fromProblem(message.problem, 'A file task failed.'))
    const { id } = message
    running.answer(message.question).then(
      (answer) => thread.worker.postMessage({ id, answer } satisfies ToWorker, ownedBuffers(answer)),
      (error: unknown) => {
        thread.worker.postMessage({ id, cancel: true } satisfies ToWorker)
        running.reject(error)
      },
    )
  }

  #lose(thread: Thread, reason: string): void {
    clearTimeout(thread.idle)
    if (!this.#threads.delete(thread)) return
    const error = new DevmlopsError('internal', `A thread that works on files ended: ${reason}.`)
    for (const { reject } of thread.running.values()) reject(error)
    // Those who wait for a place get one in another thread.
    for (const resolve of this.#waiting.splice(0, tasksPerThread)) {
      const other = this.#start()
      other.load += 1
      resolve(other)
    }
  }
}

async function runHere<Name extends keyof FileTasks>(
  task: Name,
  input: Parameters<FileTasks[Name]>[0],
  { answer, signal = new AbortController().signal }: TaskOptions,
): Promise<Awaited<ReturnType<FileTasks[Name]>>> {
  const { fileTasks } = await import('./file-tasks.ts')
  const run = fileTasks[task] as FileTask<unknown, unknown>
  try {
    return (await run(input, { signal, ask: async (question) => answer?.(question as never) })) as never
  } catch (error) {
    throw explainSystemError(error)
  }
}
