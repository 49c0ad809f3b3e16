import { DevmlopsError, type ErrorCode, type ErrorDetail } from '#contract/errors'

/** Why a request was turned away that nothing was wrong with; the label `reason` of a metric. */
export type RefusalReason =
  | 'queue_full'
  | 'wait_too_long'
  | 'deadline_passed'
  | 'abandoned'
  | 'rate'
  | 'concurrency'
  | 'bodies_full'
  | 'loading'

export interface RefusalDetail extends ErrorDetail {
  readonly reason: RefusalReason
  /** When asking again may help; told in whole seconds, at least one. */
  readonly retryAfterMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** A request that is turned away because of load or limits, with what its sender should know to ask again. */
export class Refusal extends DevmlopsError {
  readonly reason: RefusalReason
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, message: string, detail: RefusalDetail) {
    super(code, message, detail)
    this.reason = detail.reason
    const { retryAfterMs, headers = {} } = detail
    this.headers =
      retryAfterMs === undefined
        ? headers
        : { 'retry-after': String(retryAfterSeconds(retryAfterMs)), ...headers }
  }
}

const longestRetrySeconds = 60

/** RFC 9110, section 10.2.3: whole seconds. */
function retryAfterSeconds(milliseconds: number): number {
  return Math.min(longestRetrySeconds, Math.max(1, Math.ceil(milliseconds / 1000)))
}
