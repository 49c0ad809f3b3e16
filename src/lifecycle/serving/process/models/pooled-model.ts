import { fail } from '#contract/errors'
import { formatDuration } from '#contract/units'
import type { LoadedModel, RowBatch } from '../../model-runtime-point.ts'
import { Refusal } from '../access/refusal.ts'
import {
  BatchQueue,
  type BatchQueueOptions,
  type QueueLimits,
  type QueueTerms,
  type ScoredSlice,
} from './batch-queue.ts'
import type { KnownModel, ModelFacts } from './known-models.ts'
import type { MemoryHolder } from './model-memory.ts'

/** A model in memory, warm, and what it holds there. */
export interface ResidentModel {
  readonly loaded: LoadedModel
  /** Rows that were stored with it. */
  readonly examples?: RowBatch | undefined
  readonly heldBytes: number
}

export interface PooledModelOptions {
  readonly key: string
  readonly label: string
  /** Room is found and the model loaded and tried. @param until by `performance.now()`, how long to wait for room */
  load(until: number): Promise<ResidentModel>
  /** It counts as held from now on. */
  readonly onLoaded: () => void
  /** The memory was given back. */
  readonly onUnloaded: (heldBytes: number) => void
  readonly onReleased: (model: PooledModel) => void
  readonly queue: Omit<BatchQueueOptions, 'model' | 'parallelBatches'>
}

/** A request that finds its model out of memory waits so long for it at most. */
const loadPatienceMs = 10_000
/** By then most models are there. */
const retryMs = 2_000
/** A load that failed is not tried again at once by every request that comes. */
const failurePauseMs = 1_000

/**
 * One model of the pool, in memory or not: how many variants hold it, how many requests it has in flight, and how it comes
 * back when one asks. When the last lets go it is freed, so a model that is swapped out ends its work first.
 */
export class PooledModel implements MemoryHolder {
  readonly key: string
  readonly label: string
  readonly #options: PooledModelOptions
  #resident: (ResidentModel & { readonly queue: BatchQueue }) | undefined
  #loading: Promise<void> | undefined
  #unloading: Promise<void> | undefined
  #failed: { readonly error: unknown; readonly at: number } | undefined
  #known: KnownModel | undefined
  #references = 0
  #pins = 0
  #inFlight = 0
  lastUsedAt = 0

  constructor(options: PooledModelOptions, known: KnownModel | undefined) {
    this.key = options.key
    this.label = options.label
    this.#options = options
    this.#known = known
  }

  /** Known from the first load on, whether or not it is in memory now. */
  get facts(): ModelFacts {
    return this.#known?.facts ?? fail('internal', `${this.label} was never loaded.`)
  }

  /** What its runtime says of it now; nothing while it is not in memory. */
  get properties(): Readonly<Record<string, string>> {
    return this.#resident?.loaded.properties ?? {}
  }

  get isKnown(): boolean {
    return this.#known !== undefined
  }

  get isResident(): boolean {
    return this.#resident !== undefined
  }

  get health(): string | undefined {
    return this.#resident?.loaded.health?.()
  }

  get heldBytes(): number {
    const { loaded, heldBytes = 0 } = this.#resident ?? {}
    return loaded?.memoryBytes?.() ?? heldBytes
  }

  get waitingRows(): number {
    return this.#resident?.queue.waitingRows ?? 0
  }

  get waitingRequests(): number {
    return this.#resident?.queue.waitingRequests ?? 0
  }

  refusal(limits: QueueLimits): Refusal | undefined {
    return this.#resident?.queue.refusal(limits)
  }

  get expectedWaitMs(): number {
    return this.#resident?.queue.expectedWaitMs ?? 0
  }

  get isPinned(): boolean {
    return this.#pins > 0
  }

  get canUnload(): boolean {
    return (
      this.#pins === 0 &&
      this.#inFlight === 0 &&
      this.#resident !== undefined &&
      this.#unloading === undefined
    )
  }

  /** @param isPinned it stays in memory until this holder releases it */
  acquire(isPinned: boolean): void {
    if (this.#references < 0) fail('internal', 'The model was freed already.')
    this.#references++
    if (isPinned) this.#pins++
  }

  release(isPinned: boolean): void {
    this.#references--
    if (isPinned) this.#pins--
    this.#freeWhenUnused()
  }

  /** Whoever asks at the same time waits for the same load. */
  async makeResident(until: number): Promise<void> {
    while (this.#resident === undefined) {
      if (this.#unloading !== undefined) await this.#unloading
      this.#loading ??= this.#load(until).finally(() => {
        this.#loading = undefined
        this.#freeWhenUnused()
      })
      await this.#loading
    }
  }

  score(batch: RowBatch, limits: QueueLimits, terms: QueueTerms): Promise<ScoredSlice> {
    const resident = this.#resident
    return resident === undefined
      ? this.#scoreWhenLoaded(batch, limits, terms)
      : this.#scoreOn(resident.queue.score(batch, limits, terms))
  }

  /** Work with the model itself, which stays in memory until it is done. */
  async use<Result>(
    work: (model: ResidentModel) => Promise<Result>,
    limits: QueueLimits,
    terms: QueueTerms,
  ): Promise<Result> {
    this.#inFlight++
    this.lastUsedAt = performance.now()
    try {
      if (this.#resident === undefined) await this.#waitUntilLoaded(deadlineOf(limits, terms))
      return await work(this.#resident ?? fail('not_ready', `${this.label} is not in memory.`))
    } finally {
      this.#inFlight--
      this.#freeWhenUnused()
    }
  }

  async unload(): Promise<void> {
    const resident = this.#resident
    if (resident === undefined || !this.canUnload) return
    const { heldBytes } = this
    this.#resident = undefined
    this.#unloading = resident.loaded.release().catch(() => undefined)
    await this.#unloading
    this.#unloading = undefined
    this.#options.onUnloaded(heldBytes)
  }

  async #scoreOn(scored: Promise<ScoredSlice>): Promise<ScoredSlice> {
    this.#inFlight++
    this.lastUsedAt = performance.now()
    try {
      return await scored
    } finally {
      this.#inFlight--
      this.#freeWhenUnused()
    }
  }

  async #scoreWhenLoaded(batch: RowBatch, limits: QueueLimits, terms: QueueTerms): Promise<ScoredSlice> {
    this.#inFlight++
    try {
      await this.#waitUntilLoaded(deadlineOf(limits, terms))
      const { queue } = this.#resident ?? fail('not_ready', `${this.label} is not in memory.`)
      return await queue.score(batch, limits, terms)
    } finally {
      this.#inFlight--
      this.#freeWhenUnused()
    }
  }

  /** The load goes on when whoever asked gives up, so that the next finds it. */
  async #waitUntilLoaded(deadlineAt: number): Promise<void> {
    const failed = this.#failed
    if (failed !== undefined && performance.now() - failed.at < failurePauseMs) throw failed.error
    const now = performance.now()
    const patienceMs = Math.max(0, Math.min(loadPatienceMs, deadlineAt - now))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, patienceMs, 'late')
    })
    const loaded = this.makeResident(now + loadPatienceMs)
    loaded.catch(() => undefined)
    const first = await Promise.race([loaded, late])
    clearTimeout(timer)
    if (first !== 'late') return
    throw new Refusal(
      'not_ready',
      `${this.label} is being loaded, and was not ready within ${formatDuration(patienceMs)}.`,
      {
        reason: 'loading',
        retryAfterMs: retryMs,
        hint: 'It is loaded on demand; send the request again in a few seconds, or deploy it with `load: always`.',
      },
    )
  }

  async #load(until: number): Promise<void> {
    try {
      const resident = await this.#options.load(until)
      const { loaded, heldBytes } = resident
      this.#checkSame(loaded)
      const { platform, outputs, answer } = loaded
      this.#known = {
        facts: { platform, outputs, answer },
        heldBytes: Math.max(heldBytes, this.#known?.heldBytes ?? 0),
      }
      const queue = new BatchQueue({
        ...this.#options.queue,
        model: loaded,
        parallelBatches: loaded.parallelBatches,
      })
      this.#resident = { ...resident, queue }
      this.#failed = undefined
      this.lastUsedAt = performance.now()
      this.#options.onLoaded()
    } catch (error) {
      this.#failed = { error, at: performance.now() }
      throw error
    }
  }

  /** The log and the answers were made for the outputs that it had the first time. */
  #checkSame(loaded: LoadedModel): void {
    if (this.#known === undefined) return
    const before = JSON.stringify(this.#known.facts.outputs)
    const now = JSON.stringify(loaded.outputs)
    if (before === now) return
    void loaded.release().catch(() => undefined)
    fail('conflict', `${this.label} gives ${now} now, and gave ${before} when it was deployed.`, {
      hint: 'Deploy it again.',
    })
  }

  #freeWhenUnused(): void {
    if (this.#references > 0 || this.#inFlight > 0 || this.#loading !== undefined) return
    if (this.#references === 0) this.#options.onReleased(this)
    this.#references = -1
    const resident = this.#resident
    if (resident === undefined) return
    const { heldBytes } = this
    this.#resident = undefined
    void resident.loaded
      .release()
      .catch(() => undefined)
      .then(() => this.#options.onUnloaded(heldBytes))
  }
}

function deadlineOf({ timeoutMs }: QueueLimits, { deadlineAt = Infinity, startedAt }: QueueTerms): number {
  return Math.min(deadlineAt, startedAt + timeoutMs)
}
