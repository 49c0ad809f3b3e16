import { countLines, escapeLabel, type Family } from './exposition.ts'

/** Callers beyond these are counted together: every label value is a series that Prometheus keeps. */
const namedCallers = 100
const others = 'other'

/** Requests by whose key they came with. */
export class CallerMetrics {
  readonly #byCaller = new Map<string, Map<string, number>>()

  count(caller: string, status: number): void {
    const outcomes = this.#outcomesOf(caller)
    const outcome = status < 400 ? 'answered' : status === 429 || status === 503 ? 'rejected' : 'failed'
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }

  families(): readonly Family[] {
    return [
      {
        name: 'devmlops_caller_requests_total',
        type: 'counter',
        help: 'Requests by the name of the key that they came with.',
        lines: (name) =>
          [...this.#byCaller].flatMap(([caller, counts]) =>
            countLines(name, `caller="${escapeLabel(caller)}"`, { label: 'outcome', counts }),
          ),
      },
    ]
  }

  #outcomesOf(caller: string): Map<string, number> {
    const present = this.#byCaller.get(caller)
    if (present !== undefined) return present
    if (this.#byCaller.size >= namedCallers && caller !== others) return this.#outcomesOf(others)
    const made = new Map<string, number>()
    this.#byCaller.set(caller, made)
    return made
  }
}
