import type { ServingPlan, VariantPlan } from '../../plan.ts'
import type { ModelPool } from '../models/model-pool.ts'
import type { ServedModel } from '../models/served-model.ts'

interface Kept {
  readonly model: ServedModel
  readonly timer: NodeJS.Timeout
}

/**
 * What was swapped out a short while ago stays in memory, so that going back to it is immediate. It is held as models are
 * that are loaded on demand: whoever needs its memory gets it.
 */
export class WarmModels {
  readonly #pool: Pick<ModelPool, 'acquire'>
  readonly #kept = new Map<string, Kept>()

  constructor(pool: Pick<ModelPool, 'acquire'>) {
    this.#pool = pool
  }

  /** Takes hold of what `before` has and `next` has not. Call it while `before` still holds its models. */
  async keep(before: ServingPlan | undefined, next: ServingPlan): Promise<void> {
    const staying = new Set(next.deployments.flatMap(({ variants }) => variants.map(nameOf)))
    for (const { variants, rollout } of before?.deployments ?? []) {
      if (rollout.keepWarmMs === 0) continue
      for (const variant of variants) {
        if (!staying.has(nameOf(variant))) await this.#keepOne(variant, rollout.keepWarmMs)
      }
    }
  }

  release(): void {
    for (const name of this.#kept.keys()) this.#letGo(name)
  }

  async #keepOne(variant: VariantPlan, forMs: number): Promise<void> {
    const model = await this.#pool.acquire({ ...variant, load: 'on_demand' })
    const name = nameOf(variant)
    this.#letGo(name)
    const timer = setTimeout(() => this.#letGo(name), forMs)
    timer.unref()
    this.#kept.set(name, { model, timer })
  }

  #letGo(name: string): void {
    const kept = this.#kept.get(name)
    if (kept === undefined) return
    this.#kept.delete(name)
    clearTimeout(kept.timer)
    kept.model.release()
  }
}

function nameOf({ model, version, files }: VariantPlan): string {
  return JSON.stringify([model, version, files])
}
