import { DevmlopsError } from '#contract/errors'
import { Refusal } from '../access/refusal.ts'
import type { HttpCall } from '../http/http-call.ts'

type CountedCall = Pick<HttpCall, 'metrics' | 'startedAt'>

/** Counts an answer for the variants that gave it, in every protocol. */
export function countAnswer(call: CountedCall, status: number): void {
  const now = performance.now()
  for (const metrics of call.metrics) metrics.answered(status, now - call.startedAt, now)
}

/** Counts what was wrong, besides the answer. `time` is in epoch milliseconds. */
export function countFailure(call: CountedCall, error: unknown, time: number): void {
  for (const metrics of call.metrics) {
    const code = error instanceof DevmlopsError ? error.code : 'internal'
    metrics.errorsByCode.set(code, (metrics.errorsByCode.get(code) ?? 0) + 1)
    if (error instanceof Refusal) {
      const { reason } = error
      metrics.rejectedByReason.set(reason, (metrics.rejectedByReason.get(reason) ?? 0) + 1)
    }
    metrics.lastErrors.add(error, time)
  }
}
