import type { VariantFigures } from '../../deployment/live.ts'
import { ErrorList } from './error-list.ts'
import { durationBounds, Histogram } from './histogram.ts'
import { RollingWindow, windowFigures } from './rolling-window.ts'

/** What is counted for one variant of one deployment; it outlives every swap. */
export class VariantMetrics {
  readonly deployment: string
  readonly variant: string
  readonly labels: string
  readonly requestsByStatus = new Map<number, number>()
  readonly errorsByCode = new Map<string, number>()
  readonly rejectedByReason = new Map<string, number>()
  readonly latency = new Histogram(durationBounds)
  /** Waiting for the model, in the model, and until the log had it; in seconds. */
  readonly queueTime = new Histogram(durationBounds)
  readonly modelTime = new Histogram(durationBounds)
  readonly logTime = new Histogram(durationBounds)
  readonly window = new RollingWindow()
  readonly lastErrors = new ErrorList()
  rows = 0
  inFlight = 0
  /** Of answers with a status from 400; the rest of `latency` is of those that succeeded. */
  failedSeconds = 0
  /** Of the newest answer, in epoch milliseconds; 0 before the first. */
  lastTime = 0

  constructor(deployment: string, variant: string) {
    this.deployment = deployment
    this.variant = variant
    this.labels = `deployment="${deployment}",variant="${variant}"`
  }

  /** One answer was given, `durationMs` after its request came, at `nowMs` of `performance.now()`. */
  answered(status: number, durationMs: number, nowMs: number): void {
    this.requestsByStatus.set(status, (this.requestsByStatus.get(status) ?? 0) + 1)
    this.latency.observe(durationMs / 1000)
    if (status >= 400) this.failedSeconds += durationMs / 1000
    this.lastTime = Math.round(performance.timeOrigin + nowMs)
    this.window.count(status >= 400, durationMs, nowMs)
  }

  get requests(): number {
    return sum(this.requestsByStatus.values())
  }

  get errors(): number {
    return sum([...this.requestsByStatus].filter(([status]) => status >= 400).map(([, count]) => count))
  }

  figures(nowMs: number): VariantFigures {
    const window = (seconds: number) => windowFigures([this.window], seconds, nowMs)
    return {
      requests: this.requests,
      errors: this.errors,
      rows: this.rows,
      inFlight: this.inFlight,
      now: window(10),
      lastMinute: window(60),
      lastFiveMinutes: window(300),
      meanMs: {
        queue: this.queueTime.mean * 1000,
        model: this.modelTime.mean * 1000,
        log: this.logTime.mean * 1000,
      },
      rejected: Object.fromEntries(this.rejectedByReason),
      lastErrors: [...this.lastErrors.newestFirst],
    }
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
