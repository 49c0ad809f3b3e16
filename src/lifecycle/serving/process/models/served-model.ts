import type { RowBatch } from '../../model-runtime-point.ts'
import type { Refusal } from '../access/refusal.ts'
import type { QueueLimits, QueueTerms, ScoredSlice } from './batch-queue.ts'
import type { ModelFacts } from './known-models.ts'
import type { PooledModel, ResidentModel } from './pooled-model.ts'

/** A variant's hold on a model of the pool. The model stays known to it, and in memory unless it may be loaded on demand. */
export class ServedModel {
  readonly #model: PooledModel
  readonly #isPinned: boolean
  #isReleased = false

  constructor(model: PooledModel, isPinned: boolean) {
    this.#model = model
    this.#isPinned = isPinned
    model.acquire(isPinned)
  }

  get key(): string {
    return this.#model.key
  }

  get facts(): ModelFacts {
    return this.#model.facts
  }

  get properties(): Readonly<Record<string, string>> {
    return this.#model.properties
  }

  get waitingRows(): number {
    return this.#model.waitingRows
  }

  get waitingRequests(): number {
    return this.#model.waitingRequests
  }

  get expectedWaitMs(): number {
    return this.#model.expectedWaitMs
  }

  /** What a request would be told at once because too much waits; undefined when it may come. */
  refusal(limits: QueueLimits): Refusal | undefined {
    return this.#model.refusal(limits)
  }

  /** In memory now; one that is not is loaded by the next request. */
  get isResident(): boolean {
    return this.#model.isResident
  }

  /** Why it cannot answer at the moment, as far as that is known without asking it. */
  get health(): string | undefined {
    return this.#model.health
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#model.release(this.#isPinned)
  }

  /** Loads the model first when it is not in memory. */
  score(batch: RowBatch, limits: QueueLimits, terms: QueueTerms): Promise<ScoredSlice> {
    return this.#model.score(batch, limits, terms)
  }

  /** Work with the model itself, loaded first when it is not in memory; see {@link PooledModel.use}. */
  use<Result>(
    work: (model: ResidentModel) => Promise<Result>,
    limits: QueueLimits,
    terms: QueueTerms,
  ): Promise<Result> {
    return this.#model.use(work, limits, terms)
  }
}
