/** What a load generator counts: latencies of answers within the measured time, and what became of the others. */
export interface LoadWindow {
  /** False from the end of the measured time on: nothing more is to be sent. */
  readonly isOpen: boolean
  answered(latencyMs: number): void
  failed(reason?: string): void
}

/** Warms up, measures, prints a JSON summary, and ends the process. */
export async function measureLoad(
  { warmupMs, durationMs }: { readonly warmupMs: string; readonly durationMs: string },
  begin: (window: LoadWindow) => void,
): Promise<never> {
  const latencies: number[] = []
  let answered = 0
  let failed = 0
  let failure: string | undefined
  let measuring = false
  let isOpen = true
  begin({
    get isOpen() {
      return isOpen
    },
    answered: (latencyMs) => {
      answered++
      if (measuring) latencies.push(latencyMs)
    },
    failed: (reason) => {
      if (!isOpen) return
      failed++
      failure ??= reason
    },
  })
  await sleep(Number(warmupMs))
  measuring = true
  const startedAt = performance.now()
  await sleep(Number(durationMs))
  measuring = false
  const seconds = (performance.now() - startedAt) / 1000
  isOpen = false
  latencies.sort((left, right) => left - right)
  const quantile = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  console.log(
    JSON.stringify({
      perSecond: latencies.length / seconds,
      p50: quantile(0.5),
      p99: quantile(0.99),
      answered,
      failed,
      failure,
    }),
  )
  process.exit(0)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
