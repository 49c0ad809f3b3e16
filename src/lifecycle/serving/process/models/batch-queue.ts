import { DevmlopsError, type ErrorCode } from '#contract/errors'
import type { LoadedModel, OutputColumn, RowBatch, ScoredRows } from '../../model-runtime-point.ts'
import { Refusal } from '../access/refusal.ts'
import { BatchCost } from './batch-cost.ts'
import { joinBatches } from './join-batches.ts'
import { delayOf, WaitingLine, type Waiting } from './waiting-line.ts'

/** The part of a scored batch that belongs to one request. */
export interface ScoredSlice {
  readonly outputs: readonly OutputColumn[]
  /** Index of the first row in the columns. */
  readonly offset: number
  readonly rows: number
  /** How long the request waited for the model, and how long its batch was in it; undefined without a queue. */
  readonly queuedMs?: number
  readonly modelMs?: number
}

export interface BatchQueueOptions {
  readonly model: Pick<LoadedModel, 'score'>
  readonly parallelBatches: number
  /** Requests are joined up to this many rows; a larger request is scored as it came. */
  readonly batchRows: number
  readonly onBatch: (rows: number) => void
  /** A batch that is out for longer than this, and than is expected of it, is not waited for; a second by default. */
  readonly hangingMs?: number
}

/** How much may wait for a model; `limits` of a deployment. */
export interface QueueLimits {
  readonly queuedRows: number
  readonly queuedRequests: number
  /** Whoever would wait longer is turned away at once. */
  readonly waitMs: number
  /** Nobody gets an answer later than so much after the request came. */
  readonly timeoutMs: number
}

/** What a request says of its own turn. All times are of `performance.now()`. */
export interface QueueTerms {
  readonly startedAt: number
  /** See {@link delayOf}. */
  readonly priority: number
  readonly deadlineAt: number | undefined
  /** When it is gone, nobody waits for the answer. */
  readonly connection?: { readonly destroyed: boolean } | undefined
}

/** For the models of a graph, whose requests have waited for the graph already. */
export const unlimitedQueue: QueueLimits = {
  queuedRows: Infinity,
  queuedRequests: Infinity,
  waitMs: Infinity,
  timeoutMs: Infinity,
}

export function innerTerms(): QueueTerms {
  return { startedAt: performance.now(), priority: 1, deadlineAt: undefined }
}

/** Work that waits in any case, so that the model is never without. */
const littleWorkMs = 20
/** A model that takes long for one batch may have some of them waiting, whatever `limits.wait` says. */
const batchesWaited = 3
const sweepMs = 50
const defaultHangingMs = 1_000

interface BatchInFlight {
  readonly requests: readonly Waiting[]
  readonly startedAt: number
  readonly expectedMs: number
}

/**
 * Joins what waits together into one call of the model. Nothing is ever delayed to wait for company: a batch leaves at the
 * end of the tick, or as soon as the one before it is back, and takes everything that has come meanwhile. Whoever would not
 * be answered in time is turned away when it comes, not after it has waited.
 */
export class BatchQueue {
  readonly #options: BatchQueueOptions
  readonly #line = new WaitingLine()
  /** By the clock, with the way to the model and back: what those who wait feel. */
  readonly #cost = new BatchCost()
  /** In the model alone. */
  readonly #compute = new BatchCost()
  readonly #inFlight = new Set<BatchInFlight>()
  #scheduled = false
  #sweep: NodeJS.Timeout | undefined

  constructor(options: BatchQueueOptions) {
    this.#options = options
  }

  get waitingRows(): number {
    return this.#line.rows
  }

  get waitingRequests(): number {
    return this.#line.requests
  }

  /** How long a request of default priority would wait now. */
  get expectedWaitMs(): number {
    return this.#expectedWait(this.#line.rows, performance.now())
  }

  /**
   * Fails with `rate_limited` when too much waits already, `overloaded` when it would wait too long, and `timed_out` when
   * its deadline is passed before it is scored.
   */
  score(batch: RowBatch, limits: QueueLimits, terms: QueueTerms): Promise<ScoredSlice> {
    const now = performance.now()
    const delayMs = delayOf(terms.priority)
    const deadlineAt = Math.min(terms.deadlineAt ?? Infinity, terms.startedAt + limits.timeoutMs)
    this.#admit(batch, limits, { now, delayMs, deadlineAt })
    return new Promise((resolve, reject) => {
      const { connection } = terms
      this.#line.add(
        { batch, deadlineAt, connection, arrivedAt: now, order: now + delayMs, resolve, reject },
        delayMs,
      )
      this.#schedule()
      this.#sweep ??= setInterval(() => this.#dropLost(), sweepMs).unref()
    })
  }

  #admit(
    batch: RowBatch,
    limits: QueueLimits,
    {
      now,
      delayMs,
      deadlineAt,
    }: { readonly now: number; readonly delayMs: number; readonly deadlineAt: number },
  ): void {
    if (deadlineAt <= now) throw deadlinePassed('before its turn came')
    const { rows, requests } = this.#line
    if (requests === 0 && !this.#isFull()) return
    const rowsBefore = this.#line.rowsBefore(delayMs)
    const waitMs = this.#expectedWait(rowsBefore, now)
    if (requests > 0 && (rows + batch.rows > limits.queuedRows || requests >= limits.queuedRequests)) {
      throw new Refusal(
        'rate_limited',
        `${requests} requests with ${rows} rows wait for the model already; ${limits.queuedRequests} and ${limits.queuedRows} may.`,
        {
          reason: 'queue_full',
          retryAfterMs: waitMs,
          hint: 'Send the request again a little later, or raise limits.queued_rows and limits.queued_requests.',
        },
      )
    }
    if (waitMs > deadlineAt - now) throw waitTooLong(waitMs, 'its own time limit')
    const refusal = this.#refusal(limits, { rowsBefore, waitMs })
    if (refusal !== undefined) throw refusal
  }

  /** What a request of default priority would be told that came now, before anything of it is read. */
  refusal(limits: QueueLimits): Refusal | undefined {
    if (this.#line.requests === 0) return undefined
    const { rows } = this.#line
    return this.#refusal(limits, { rowsBefore: rows, waitMs: this.#expectedWait(rows, performance.now()) })
  }

  #refusal(
    { waitMs: allowedMs }: QueueLimits,
    { rowsBefore, waitMs }: { readonly rowsBefore: number; readonly waitMs: number },
  ): Refusal | undefined {
    const { batchRows } = this.#options
    const nextBatchMs = this.#cost.batchMs(Math.min(batchRows, rowsBefore + 1))
    const patienceMs = Math.max(allowedMs, batchesWaited * nextBatchMs)
    if (waitMs <= patienceMs) return undefined
    // A little work may always wait: a model that has nothing to do while requests are turned away answers less, and what
    // it is measured by then says that it is even slower.
    const isLittle = rowsBefore < batchRows && rowsBefore * this.#compute.perRowMs < littleWorkMs
    if (isLittle && waitMs < this.#hangingMs) return undefined
    return waitTooLong(waitMs, 'limits.wait allows', waitMs - patienceMs / 2)
  }

  /** Until a slot is free, and then until everything before it is scored. */
  #expectedWait(rowsBefore: number, now: number): number {
    const { parallelBatches } = this.#options
    let slotMs = 0
    if (this.#inFlight.size >= parallelBatches) {
      slotMs = Infinity
      for (const { startedAt, expectedMs } of this.#inFlight) {
        const elapsed = now - startedAt
        // What does not come back is expected to take as long again.
        const left =
          elapsed > Math.max(this.#hangingMs, 4 * expectedMs) ? elapsed : Math.max(0, expectedMs - elapsed)
        slotMs = Math.min(slotMs, left)
      }
    }
    if (rowsBefore === 0) return slotMs
    const batches = Math.ceil(rowsBefore / this.#options.batchRows)
    return slotMs + (batches * this.#cost.perBatchMs + rowsBefore * this.#cost.perRowMs) / parallelBatches
  }

  get #hangingMs(): number {
    return this.#options.hangingMs ?? defaultHangingMs
  }

  #schedule(): void {
    if (this.#scheduled || this.#line.requests === 0 || this.#isFull()) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#line.requests > 0 && !this.#isFull()) this.#flush()
    })
  }

  #isFull(): boolean {
    return this.#inFlight.size >= this.#options.parallelBatches
  }

  #flush(): void {
    const now = performance.now()
    const requests = this.#take(now)
    if (requests.length === 0) return
    let rows = 0
    for (const { batch } of requests) rows += batch.rows
    const inFlight = { requests, startedAt: now, expectedMs: this.#cost.batchMs(rows) }
    this.#inFlight.add(inFlight)
    void this.#scoreTogether(requests).finally(() => {
      this.#inFlight.delete(inFlight)
      this.#schedule()
    })
  }

  #take(now: number): readonly Waiting[] {
    const taken: Waiting[] = []
    const most = this.#options.batchRows
    let rows = 0
    for (;;) {
      const next = this.#line.peek()
      if (next === undefined || (taken.length > 0 && rows + next.batch.rows > most)) return taken
      this.#line.take()
      if (isLost(next, now)) {
        next.reject(reasonOf(next))
      } else {
        taken.push(next)
        rows += next.batch.rows
      }
    }
  }

  async #scoreTogether(requests: readonly Waiting[]): Promise<void> {
    const startedAt = performance.now()
    const joined = joinBatches(requests.map((request) => request.batch))
    const { rows } = joined
    try {
      this.#options.onBatch(rows)
      const deadlineAt = Math.max(...requests.map((request) => request.deadlineAt))
      const scored = await this.#options.model.score(joined, { deadlineAt })
      const modelMs = performance.now() - startedAt
      this.#cost.observe(rows, modelMs)
      if (scored.computeMs !== undefined) this.#compute.observe(rows, scored.computeMs)
      distribute(requests, scored, { startedAt, modelMs })
    } catch (error) {
      if (requests.length === 1 || isOfTheModel(error)) {
        for (const request of requests) request.reject(error)
        return
      }
      // One request that the model cannot score must not fail the others that happened to wait with it. Halved until it
      // is found: one among a thousand costs twenty calls and not a thousand.
      const half = requests.length >> 1
      await this.#scoreTogether(requests.slice(0, half))
      await this.#scoreTogether(requests.slice(half))
    }
  }

  /** Answers whoever's time is over, also while a model does not come back, and ends when nothing waits. */
  #dropLost(): void {
    const now = performance.now()
    for (const lost of this.#line.removeLost((waiting) => isLost(waiting, now))) lost.reject(reasonOf(lost))
    for (const { requests } of this.#inFlight) {
      for (const waiting of requests) if (waiting.deadlineAt <= now) waiting.reject(reasonOf(waiting))
    }
    if (this.#line.requests > 0 || this.#inFlight.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }
}

/** Not about any row, so that other rows would fare no better, and each try would take as long again. */
const modelFailures: ReadonlySet<ErrorCode> = new Set([
  'timed_out',
  'overloaded',
  'rate_limited',
  'server_unreachable',
])

function isOfTheModel(error: unknown): boolean {
  return error instanceof DevmlopsError && modelFailures.has(error.code)
}

function isLost({ deadlineAt, connection }: Waiting, now: number): boolean {
  return deadlineAt <= now || connection?.destroyed === true
}

function reasonOf({ connection }: Waiting): DevmlopsError {
  if (connection?.destroyed === true) {
    return new Refusal('cancelled', 'The client has gone; nothing was scored.', { reason: 'abandoned' })
  }
  return deadlinePassed('while it waited')
}

function waitTooLong(waitMs: number, limit: string, retryAfterMs = waitMs): Refusal {
  return new Refusal(
    'overloaded',
    `The request would wait ${Math.ceil(waitMs)} ms for the model, longer than ${limit}.`,
    { reason: 'wait_too_long', retryAfterMs, hint: 'Send it again after the time in Retry-After.' },
  )
}

function deadlinePassed(when: string): Refusal {
  return new Refusal('timed_out', `The time limit of the request was over ${when}.`, {
    reason: 'deadline_passed',
    hint: 'Give it more time, or raise limits.timeout of the deployment.',
  })
}

function distribute(
  requests: readonly Waiting[],
  { outputs }: ScoredRows,
  { startedAt, modelMs }: { readonly startedAt: number; readonly modelMs: number },
): void {
  let offset = 0
  for (const { batch, arrivedAt, resolve } of requests) {
    resolve({ outputs, offset, rows: batch.rows, queuedMs: startedAt - arrivedAt, modelMs })
    offset += batch.rows
  }
}
