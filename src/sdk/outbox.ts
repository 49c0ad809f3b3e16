import { DevmlopsError, messageOf } from '#contract/errors'
import { requestLimits, send, type Delivery, type TrackingClient } from './delivery.ts'
import { claimJournals, Journal } from './journal.ts'
import { Waiting, type Entry } from './waiting.ts'

export interface OutboxOptions {
  readonly tracking: TrackingClient
  readonly url: string
  /** The folder of what could not be sent. */
  readonly journalFolder: string
  /** How long a point waits for company at the most. */
  readonly intervalMs: number
  /** How many points, params and tags wait in memory at the most; what is beyond goes to the journal. */
  readonly bufferItems: number
  /** Told of what the server will never take. */
  readonly onRefused: (runId: string, error: DevmlopsError) => void
}

const firstPauseMs = 250
const longestPauseMs = 15_000
/** A fault of the server that one delivery brings about again and again must not hold up the others for ever. */
const faultsBeforeRefusal = 6

/**
 * Sends what is logged, in order and a batch at a time, and tries again until the server has it. Memory is bounded: what
 * the network does not take in time goes to the journal on disk, and is sent from there before anything newer.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #waiting = new Waiting()
  readonly #journal: Journal
  /** What a dead process left; sent before anything else. */
  readonly #inherited: Journal[] = []
  /** What is on its way, unless it comes from a journal. */
  #underway: Delivery | undefined
  #pump: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  #closed = false
  /** Why nothing arrives at the moment. */
  #trouble: DevmlopsError | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#journal = new Journal({ folder: options.journalFolder, url: options.url })
  }

  get isEmpty(): boolean {
    return this.#pump === undefined && this.#waiting.isEmpty && this.#journal.isEmpty
  }

  get trouble(): DevmlopsError | undefined {
    return this.#trouble
  }

  get journalPath(): string {
    return this.#journal.path
  }

  add(runId: string, entry: Entry): void {
    this.#waiting.add(runId, entry)
    if (this.#waiting.size >= this.#options.bufferItems) this.#journal.append(this.#waiting.takeAll())
    if (this.#waiting.size >= requestLimits.items) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), this.#options.intervalMs).unref()
  }

  /** Takes over what processes that are dead could not send to this server. */
  async inherit(): Promise<void> {
    this.#inherited.push(...(await claimJournals(this.#options.journalFolder, this.#options.url)))
    if (this.#inherited.length > 0) this.#start()
  }

  /** Resolves when everything is on the server. Rejects with what is in the way after `timeoutMs`; nothing is lost by that. */
  async flush(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs)
    })
    let outcome: 'late' | void = undefined
    while (outcome !== 'late' && !this.isEmpty) {
      this.#start()
      this.#wake?.()
      outcome = await Promise.race([this.#pump, late])
    }
    clearTimeout(timer)
    if (outcome !== 'late') return
    throw (
      this.#trouble ??
      new DevmlopsError('timed_out', `Not everything was sent to ${this.#options.url} in ${timeoutMs} ms.`)
    )
  }

  /** Writes everything that is not on the server to the journal, at once. Gives its path if there is anything in it. */
  save(): string | undefined {
    this.#closed = true
    clearTimeout(this.#timer)
    const underway = this.#underway === undefined ? [] : [this.#underway]
    this.#underway = undefined
    this.#journal.append([...underway, ...this.#waiting.takeAll()])
    return this.#journal.isEmpty ? undefined : this.#journal.path
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#closed) return
    this.#pump ??= this.#sendAll().finally(() => {
      this.#pump = undefined
      // Something may have come in after the last look.
      if (!this.isEmpty) this.#start()
    })
  }

  async #sendAll(): Promise<void> {
    for (let journal = this.#inherited[0]; journal !== undefined; journal = this.#inherited[0]) {
      await this.#sendJournal(journal)
      this.#inherited.shift()
    }
    while (!this.#closed) {
      await this.#sendJournal(this.#journal)
      this.#underway = this.#waiting.take()
      if (this.#underway === undefined) return
      await this.#deliver(this.#underway)
      this.#underway = undefined
    }
  }

  async #sendJournal(journal: Journal): Promise<void> {
    while (!this.#closed) {
      const delivery = await journal.first()
      if (delivery === undefined) return
      await this.#deliver(delivery)
      if (!this.#closed) journal.done()
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { tracking, onRefused } = this.#options
    for (let failures = 0; !this.#closed; failures++) {
      try {
        await send(tracking, delivery, (error) => onRefused(delivery.runId, error))
        this.#trouble = undefined
        return
      } catch (error) {
        this.#trouble =
          error instanceof DevmlopsError ? error : new DevmlopsError('internal', messageOf(error))
        if (this.#trouble.code === 'internal' && failures >= faultsBeforeRefusal) {
          onRefused(delivery.runId, this.#trouble)
          return
        }
        await this.#pause(failures)
      }
    }
  }

  /** Longer each time, and never the same for two processes. */
  async #pause(failures: number): Promise<void> {
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** failures)
    await new Promise<void>((resolve) => {
      // A process must not live only to wait for a server: what is left when it ends goes to the journal.
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2)).unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }
}
