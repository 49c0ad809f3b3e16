/** When asking is of no use: after failures in a row nothing is sent any more but a probe from time to time. */
export interface CircuitBreaker {
  /** Why nothing is sent; undefined while it is closed. */
  readonly reason: string | undefined
  succeeded(): void
  failed(reason: string): void
  /** Opens at once, such as when the server was not there to begin with. */
  open(reason: string): void
  close(): void
}

export interface CircuitBreakerOptions {
  readonly failures: number
  /** Whether it answers again. */
  readonly probe: () => Promise<boolean>
  readonly firstPauseMs?: number
  readonly longestPauseMs?: number
}

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { failures, probe, firstPauseMs = 500, longestPauseMs = 15_000 } = options
  let inARow = 0
  let reason: string | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const probeAfter = (pauseMs: number): void => {
    timer = setTimeout(() => {
      void probe()
        .catch(() => false)
        .then((answers) => {
          if (isClosed || reason === undefined) return
          if (answers) {
            reason = undefined
            // One more failure opens it again: a probe is not a prediction.
            inARow = failures - 1
          } else {
            probeAfter(Math.min(longestPauseMs, pauseMs * 2))
          }
        })
    }, pauseMs)
    timer.unref()
  }
  const open = (why: string): void => {
    if (reason !== undefined || isClosed) return
    reason = why
    probeAfter(firstPauseMs)
  }
  return {
    get reason() {
      return reason
    },
    succeeded: () => {
      inARow = 0
    },
    failed: (why) => {
      if (++inARow >= failures) open(why)
    },
    open,
    close: () => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
