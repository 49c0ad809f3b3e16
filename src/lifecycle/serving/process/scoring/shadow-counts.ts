import type { Family } from '../metrics/exposition.ts'

/** What became of the rows that were copied for a shadow. */
export interface ShadowCounts {
  scored: number
  failed: number
  /** Came faster than the shadow scores. */
  dropped: number
}

/** Of all deployments; they outlive every swap. */
export class ShadowMetrics {
  readonly #counts = new Map<string, ShadowCounts>()

  of(deployment: string): ShadowCounts {
    const found = this.#counts.get(deployment)
    if (found !== undefined) return found
    const made = { scored: 0, failed: 0, dropped: 0 }
    this.#counts.set(deployment, made)
    return made
  }

  families(): readonly Family[] {
    return [
      {
        name: 'devmlops_shadow_rows_total',
        type: 'counter',
        help: 'Rows copied for a shadow, by what became of them.',
        lines: (name) =>
          [...this.#counts].flatMap(([deployment, counts]) =>
            Object.entries(counts).map(
              ([outcome, count]) => `${name}{deployment="${deployment}",outcome="${outcome}"} ${count}`,
            ),
          ),
      },
    ]
  }
}
