import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { DevmlopsError, messageOf } from '#contract/errors'
import type { ScoringThreadOptions, WorkerAnswer, WorkerAnswers, WorkerRequest } from './worker-messages.ts'

interface Pending {
  readonly resolve: (result: WorkerAnswer['result']) => void
  readonly reject: (error: DevmlopsError) => void
}

/** A thread that is ended within onnxruntime takes the whole process along, so it may first finish what it does. */
const closePatienceMs = 5000

/** One worker thread and the calls that it still owes an answer. */
export class ScoringThread {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #nextId = 1
  #onIdle: (() => void) | undefined
  #ended: DevmlopsError | undefined

  constructor(onDeath: (reason: string) => void, options: ScoringThreadOptions) {
    // Beside this file under the same extension: .ts in a checkout, .js in the package.
    this.#worker = new Worker(new URL(`./scoring-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: options,
    })
    this.#worker.on('message', (answer: WorkerAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#end(messageOf(error), onDeath))
    this.#worker.on('exit', (code) => this.#end(`exit code ${code}`, onDeath))
  }

  get waiting(): number {
    return this.#pending.size
  }

  call<Request extends WorkerRequest>(
    request: Request,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<WorkerAnswers[Request['kind']]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      // The worker answers each kind of request with its own kind of result.
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject })
      this.#worker.postMessage({ ...request, id }, transfer)
    })
  }

  async close(): Promise<void> {
    this.#ended ??= new DevmlopsError('not_ready', 'The scoring thread is closed.')
    if (this.#pending.size > 0) {
      await Promise.race([
        new Promise<void>((resolve) => (this.#onIdle = resolve)),
        new Promise((resolve) => setTimeout(resolve, closePatienceMs).unref()),
      ])
    }
    await this.#worker.terminate()
  }

  #settle({ id, result, error }: WorkerAnswer): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#onIdle?.()
    if (error === undefined) return pending?.resolve(result)
    pending?.reject(
      new DevmlopsError(error.code, error.message, error.hint === undefined ? {} : { hint: error.hint }),
    )
  }

  #end(reason: string, onDeath: (reason: string) => void): void {
    const closedOnPurpose = this.#ended !== undefined
    this.#ended ??= new DevmlopsError('not_ready', `The scoring thread ended: ${reason}.`, {
      hint: 'It is being restarted; send the request again.',
    })
    for (const { reject } of this.#pending.values()) reject(this.#ended)
    this.#pending.clear()
    if (!closedOnPurpose) onDeath(reason)
  }
}
