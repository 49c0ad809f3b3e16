import { fail } from '#contract/errors'
import type { LoadedModel, RowBatch } from '../../model-runtime-point.ts'
import { BatchQueue, type BatchQueueOptions, type ScoredSlice } from './batch-queue.ts'

/**
 * A loaded model and how many still need it: one for each variant in the routing table, one for each request in flight.
 * When the last lets go it is freed, so a model that is swapped out ends its work first.
 */
export class ServedModel {
  readonly key: string
  readonly #loaded: LoadedModel
  readonly #queue: BatchQueue
  readonly #onReleased: (model: ServedModel) => void
  #references = 0

  constructor(
    key: string,
    loaded: LoadedModel,
    options: Omit<BatchQueueOptions, 'model'> & { readonly onReleased: (model: ServedModel) => void },
  ) {
    this.key = key
    this.#loaded = loaded
    this.#queue = new BatchQueue({ ...options, model: loaded })
    this.#onReleased = options.onReleased
  }

  get facts(): Pick<LoadedModel, 'platform' | 'outputs' | 'answer'> {
    return this.#loaded
  }

  get waitingRows(): number {
    return this.#queue.waitingRows
  }

  acquire(): void {
    if (this.#references < 0) fail('internal', 'The model was freed already.')
    this.#references++
  }

  release(): void {
    this.#references--
    if (this.#references > 0) return
    this.#references = -1
    this.#onReleased(this)
    void this.#loaded.release().catch(() => undefined)
  }

  async score(batch: RowBatch, queuedRowsLimit: number): Promise<ScoredSlice> {
    this.acquire()
    try {
      return await this.#queue.score(batch, queuedRowsLimit)
    } finally {
      this.release()
    }
  }
}
