import { escapeLabel, type Family } from './exposition.ts'
import { durationBounds, Histogram } from './histogram.ts'

interface Explained {
  readonly deployment: string
  readonly variant: string
  readonly method: string
  readonly rows: number
  readonly seconds: number
}

/** Explanations, apart from predictions: they are slower, and would tell nothing of how a variant answers. */
export class ExplanationMetrics {
  readonly #rows = new Map<string, number>()
  readonly #failures = new Map<string, number>()
  readonly #seconds = new Map<string, Histogram>()

  count({ deployment, variant, method, rows, seconds }: Explained): void {
    const name = `deployment="${escapeLabel(deployment)}"`
    const labels = `${name},variant="${escapeLabel(variant)}",method="${method}"`
    this.#rows.set(labels, (this.#rows.get(labels) ?? 0) + rows)
    const histogram = this.#seconds.get(name) ?? new Histogram(durationBounds)
    this.#seconds.set(name, histogram)
    histogram.observe(seconds)
  }

  failed(deployment: string): void {
    const labels = `deployment="${escapeLabel(deployment)}"`
    this.#failures.set(labels, (this.#failures.get(labels) ?? 0) + 1)
  }

  families(): readonly Family[] {
    const lines = (counts: ReadonlyMap<string, number>) => (name: string) =>
      [...counts].map(([labels, count]) => `${name}{${labels}} ${count}`)
    return [
      {
        name: 'devmlops_explanations_total',
        type: 'counter',
        help: 'Rows explained, by how.',
        lines: lines(this.#rows),
      },
      {
        name: 'devmlops_explanation_errors_total',
        type: 'counter',
        help: 'Requests for explanations that failed.',
        lines: lines(this.#failures),
      },
      {
        name: 'devmlops_explanation_duration_seconds',
        type: 'histogram',
        help: 'Time that a request for explanations takes.',
        lines: (name) => [...this.#seconds].flatMap(([labels, histogram]) => histogram.lines(name, labels)),
      },
    ]
  }
}
