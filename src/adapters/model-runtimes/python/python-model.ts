import { setTimeout as sleep } from 'node:timers/promises'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { Frame } from './frames.ts'
import type { PythonWorker } from './python-worker.ts'

export interface PythonModelOptions {
  readonly label: string
  readonly workers: number
  readonly startTimeoutMs: number
  readonly scoreTimeoutMs: number
  /** A worker is replaced after so many calls, or when it holds so much more memory than after its start. */
  readonly recycle: { readonly calls: number; readonly grownBytes: number }
  /** Starts a process that has not loaded the model yet. */
  start(onEnd: (worker: PythonWorker, reason: string) => void): PythonWorker
  /** What a process is told first. */
  readonly load: object
  readonly onDeath: (reason: string) => void
}

interface Waiting {
  readonly deadlineAt: number
  readonly resolve: (worker: PythonWorker) => void
  readonly reject: (error: DevmlopsError) => void
}

const firstPauseMs = 100
const longestPauseMs = 30_000
/** A worker that lived this long did not die of its start. */
const steadyMs = 30_000

/** The workers of one model: brings back those that die, after ever longer pauses, and replaces those that grow. */
export class PythonModel {
  readonly #options: PythonModelOptions
  readonly #workers = new Set<PythonWorker>()
  readonly #idle: PythonWorker[] = []
  readonly #startedAt = new WeakMap<PythonWorker, { readonly time: number; readonly bytes: number }>()
  #waiting: Waiting[] = []
  #failures = 0
  #lastFailure: string | undefined
  #closed = false

  constructor(options: PythonModelOptions) {
    this.#options = options
  }

  /** Process ids of those that run. */
  get pids(): readonly number[] {
    return [...this.#workers].flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  /** Of all processes, as their last answers said. */
  get residentBytes(): number {
    let bytes = 0
    for (const worker of this.#workers) bytes += worker.residentBytes
    return bytes
  }

  /** Why nothing can be scored: all workers have died, and none has come back yet. */
  get health(): string | undefined {
    if (this.#closed || this.#workers.size > 0 || this.#lastFailure === undefined) return undefined
    return `Its Python workers do not start: ${this.#lastFailure}`
  }

  /** Starts the first worker and answers what it says about the model; the others follow. */
  async open(): Promise<Frame> {
    try {
      const frame = await this.#launch()
      for (let more = 1; more < this.#options.workers; more++) void this.#launchAgain()
      return frame
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * Scores on whichever worker is free. A worker that dies with the call hands it to another once: it may not have been the
   * call's fault. What has not begun by its deadline is not begun; what has begun runs to its end, or to its time limit,
   * since ending it ends the worker.
   *
   * @param deadlineAt in the time of `performance.now()`
   */
  async score(header: object, parts: readonly Uint8Array[], deadlineAt = Infinity): Promise<Frame> {
    const first = await this.#take(deadlineAt)
    try {
      return await this.#scoreOn(first, header, parts)
    } catch (error) {
      if (!(error instanceof DevmlopsError) || error.code !== 'not_ready' || this.#closed) throw error
    }
    return this.#scoreOn(await this.#take(deadlineAt), header, parts)
  }

  close(): void {
    this.#closed = true
    for (const worker of this.#workers) worker.kill()
    this.#refuseWaiting(`${this.#options.label} was unloaded.`)
  }

  async #scoreOn(worker: PythonWorker, header: object, parts: readonly Uint8Array[]): Promise<Frame> {
    const frame = await worker.call(header, parts, this.#options.scoreTimeoutMs)
    if (this.#isWorn(worker)) void this.#replace(worker)
    else this.#give(worker)
    return frame
  }

  #isWorn(worker: PythonWorker): boolean {
    const { calls, grownBytes } = this.#options.recycle
    const start = this.#startedAt.get(worker)?.bytes ?? 0
    return worker.calls > calls || (start > 0 && worker.residentBytes - start > grownBytes)
  }

  /** The old one goes on answering until the new one can. */
  async #replace(worker: PythonWorker): Promise<void> {
    worker.calls = Number.NEGATIVE_INFINITY
    this.#startedAt.set(worker, { time: performance.now(), bytes: worker.residentBytes })
    this.#give(worker)
    try {
      await this.#launch()
    } catch (error) {
      this.#options.onDeath(`could not be replaced: ${messageOf(error)}`)
      return
    }
    const taken = await this.#takeThis(worker)
    if (taken) this.#retire(worker)
  }

  async #takeThis(worker: PythonWorker): Promise<boolean> {
    while (!this.#closed && this.#workers.has(worker)) {
      const place = this.#idle.indexOf(worker)
      if (place !== -1) {
        this.#idle.splice(place, 1)
        return true
      }
      await sleep(10)
    }
    return false
  }

  #retire(worker: PythonWorker): void {
    this.#workers.delete(worker)
    worker.kill()
  }

  #take(deadlineAt: number): Promise<PythonWorker> {
    if (this.#closed) return fail('not_ready', `${this.#options.label} was unloaded.`)
    const idle = this.#idle.pop()
    if (idle !== undefined) return Promise.resolve(idle)
    return new Promise((resolve, reject) => this.#waiting.push({ deadlineAt, resolve, reject }))
  }

  #give(worker: PythonWorker): void {
    if (worker.hasEnded) return
    for (;;) {
      const next = this.#waiting.shift()
      if (next === undefined) return void this.#idle.push(worker)
      if (next.deadlineAt > performance.now()) return next.resolve(worker)
      next.reject(new DevmlopsError('timed_out', `No worker of ${this.#options.label} was free in time.`))
    }
  }

  async #launch(): Promise<Frame> {
    const { label, startTimeoutMs, load } = this.#options
    const startedAt = performance.now()
    const worker = this.#options.start((ended, reason) => this.#onEnd(ended, reason))
    this.#workers.add(worker)
    let frame: Frame
    try {
      frame = await worker.call({ kind: 'load', ...load }, [], startTimeoutMs)
    } catch (error) {
      this.#retire(worker)
      const said = worker.lastLines === '' ? '' : ` Its last words: ${worker.lastLines}`
      const { code, message } = error as DevmlopsError
      return fail(code, `${label} could not be loaded: ${message}${said}`, {
        hint: 'It is loaded in a process of its own; is there memory enough, and Python in order?',
      })
    }
    const { error } = frame.header as { error?: { type: string; message: string } }
    if (error !== undefined) {
      this.#retire(worker)
      return fail('invalid_input', `${label} could not be loaded: ${error.type}: ${error.message}`, {
        hint: 'Does `mlflow.pyfunc.load_model` load it where it was made? Its requirements name what it needs.',
      })
    }
    if (this.#closed) {
      this.#retire(worker)
      return fail('not_ready', `${label} was unloaded.`)
    }
    this.#startedAt.set(worker, { time: startedAt, bytes: worker.residentBytes })
    this.#give(worker)
    return frame
  }

  #onEnd(worker: PythonWorker, reason: string): void {
    const expected = !this.#workers.delete(worker)
    const place = this.#idle.indexOf(worker)
    if (place !== -1) this.#idle.splice(place, 1)
    const started = this.#startedAt.get(worker)
    // Before it was ready, whoever starts it knows already.
    if (expected || this.#closed || started === undefined) return
    this.#options.onDeath(reason)
    if (performance.now() - started.time > steadyMs) this.#failures = 0
    void this.#launchAgain()
  }

  async #launchAgain(): Promise<void> {
    while (!this.#closed) {
      if (this.#failures > 0)
        await sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures), undefined, { ref: false })
      if (this.#closed) return
      this.#failures++
      try {
        await this.#launch()
        this.#lastFailure = undefined
        return
      } catch (error) {
        if (this.#closed) return
        this.#lastFailure = messageOf(error)
        this.#options.onDeath(messageOf(error))
        // Who waits is told, unless another worker will take the call.
        if (this.#workers.size === 0) this.#refuseWaiting(messageOf(error))
      }
    }
  }

  #refuseWaiting(reason: string): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(new DevmlopsError('not_ready', reason))
  }
}
