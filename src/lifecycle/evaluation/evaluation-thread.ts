import { Worker } from 'node:worker_threads'
import { fail } from '#contract/errors'
import type { MetricValue } from './contract.ts'
import type { EvaluationInput } from './evaluate.ts'
import type { EvaluationWork } from './evaluation-worker.ts'
import type { EvaluationReport } from './report.ts'
import type { ScoredInput } from './scored-rows.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Measuring half a million rows takes seconds, and the server's event loop has pages to answer meanwhile. */
export class EvaluationThread {
  // Resolved by name, because the file ends in .ts here and in .js where the program is installed.
  readonly #worker = new Worker(new URL(import.meta.resolve('#lifecycle/evaluation/evaluation-worker')))
  readonly #waiting = new Map<number, Waiting>()
  #next = 0

  constructor() {
    this.#worker.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(value)
      else waiting?.reject(new Error(error))
    })
    this.#worker.on('error', (error: Error) => {
      for (const waiting of this.#waiting.values()) waiting.reject(error)
      this.#waiting.clear()
    })
  }

  measure(input: ScoredInput, threshold: number): Promise<MetricValue[]> {
    return this.#ask({ kind: 'measure', input, threshold }) as Promise<MetricValue[]>
  }

  evaluate(input: EvaluationInput): Promise<EvaluationReport> {
    return this.#ask({ kind: 'evaluate', input }) as Promise<EvaluationReport>
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
    for (const waiting of this.#waiting.values()) waiting.reject(new Error('the evaluation was stopped'))
  }

  async #ask(work: EvaluationWork): Promise<unknown> {
    const id = this.#next++
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#worker.postMessage({ id, work })
    return answer.catch((error: unknown) =>
      fail('internal', `The evaluation failed: ${String(error)}`, { cause: error }),
    )
  }
}
