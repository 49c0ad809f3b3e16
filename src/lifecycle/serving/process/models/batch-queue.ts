import { fail } from '#contract/errors'
import type { LoadedModel, OutputColumn, RowBatch, ScoredRows } from '../../model-runtime-point.ts'

/** The part of a scored batch that belongs to one request. */
export interface ScoredSlice {
  readonly outputs: readonly OutputColumn[]
  /** Index of the first row in the columns. */
  readonly offset: number
  readonly rows: number
}

interface Waiting {
  readonly batch: RowBatch
  readonly resolve: (slice: ScoredSlice) => void
  readonly reject: (error: unknown) => void
}

export interface BatchQueueOptions {
  readonly model: Pick<LoadedModel, 'score'>
  readonly parallelBatches: number
  /** Requests are joined up to this many rows; a larger request is scored as it came. */
  readonly batchRows: number
  readonly onBatch: (rows: number) => void
}

/**
 * Joins what waits together into one call of the model. Nothing is ever delayed to wait for company: a batch leaves at the
 * end of the tick, or as soon as the one before it is back, and takes everything that has come meanwhile.
 */
export class BatchQueue {
  readonly #options: BatchQueueOptions
  #waiting: Waiting[] = []
  #waitingRows = 0
  #inFlight = 0
  #scheduled = false

  constructor(options: BatchQueueOptions) {
    this.#options = options
  }

  get waitingRows(): number {
    return this.#waitingRows
  }

  score(batch: RowBatch, queuedRowsLimit: number): Promise<ScoredSlice> {
    if (this.#waitingRows > 0 && this.#waitingRows + batch.rows > queuedRowsLimit) {
      fail(
        'rate_limited',
        `${this.#waitingRows} rows wait for the model already; the limit is ${queuedRowsLimit}.`,
        {
          hint: 'Send the request again a little later, or raise limits.queuedRows.',
        },
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject })
      this.#waitingRows += batch.rows
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#inFlight >= this.#options.parallelBatches)
      return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#waiting.length > 0 && this.#inFlight < this.#options.parallelBatches) void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    const requests = this.#take()
    this.#inFlight++
    try {
      await this.#scoreTogether(requests)
    } finally {
      this.#inFlight--
      this.#schedule()
    }
  }

  #take(): readonly Waiting[] {
    let rows = 0
    let count = 0
    for (const { batch } of this.#waiting) {
      if (count > 0 && rows + batch.rows > this.#options.batchRows) break
      rows += batch.rows
      count++
    }
    const taken = this.#waiting.slice(0, count)
    this.#waiting = count === this.#waiting.length ? [] : this.#waiting.slice(count)
    this.#waitingRows -= rows
    return taken
  }

  async #scoreTogether(requests: readonly Waiting[]): Promise<void> {
    try {
      // Copied even when it is one request: the model may take the buffers, and the log still needs the values.
      const joined = joinBatches(requests.map((request) => request.batch))
      this.#options.onBatch(joined.rows)
      const scored = await this.#options.model.score(joined)
      distribute(requests, scored)
    } catch (error) {
      const [only] = requests
      if (requests.length === 1) return only?.reject(error)
      // One request that the model cannot score must not fail the others that happened to wait with it.
      for (const request of requests) await this.#scoreTogether([request])
    }
  }
}

function distribute(requests: readonly Waiting[], scored: ScoredRows): void {
  let offset = 0
  for (const { batch, resolve } of requests) {
    resolve({ outputs: scored.outputs, offset, rows: batch.rows })
    offset += batch.rows
  }
}

function joinBatches(batches: readonly RowBatch[]): RowBatch {
  const [first] = batches
  if (first === undefined) return { rows: 0, numbers: new Float64Array(0), texts: [] }
  if (batches.length === 1) return { ...first, numbers: first.numbers.slice() }
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0)
  const columns = first.numbers.length / first.rows
  const numbers = new Float64Array(rows * columns)
  let offset = 0
  for (const batch of batches) {
    for (let column = 0; column < columns; column++) {
      const target = column * rows + offset
      const source = column * batch.rows
      for (let row = 0; row < batch.rows; row++) numbers[target + row] = batch.numbers[source + row] as number
    }
    offset += batch.rows
  }
  const texts = first.texts.map((_, column) => batches.flatMap((batch) => batch.texts[column] ?? []))
  return { rows, numbers, texts }
}
