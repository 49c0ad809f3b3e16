import type { DeploymentFigures } from '../../deployment/live.ts'
import type { VariantMetrics } from './variant-metrics.ts'
import { windowFigures } from './rolling-window.ts'

/** What waits for a model now. */
export interface QueueState {
  readonly waitingRows: number
  readonly waitingRequests: number
  readonly expectedWaitMs: number
}

const shownErrors = 20

/** All variants of a deployment together, with the requests that failed before one was chosen. */
export function deploymentFigures(
  variants: readonly VariantMetrics[],
  { nowMs, models }: { readonly nowMs: number; readonly models: readonly QueueState[] },
): DeploymentFigures {
  const windows = variants.map(({ window }) => window)
  const rejected: Record<string, number> = {}
  for (const { rejectedByReason } of variants) {
    for (const [reason, count] of rejectedByReason) rejected[reason] = (rejected[reason] ?? 0) + count
  }
  const errors = variants.flatMap(({ lastErrors }) => lastErrors.newestFirst)
  return {
    now: windowFigures(windows, 10, nowMs),
    lastMinute: windowFigures(windows, 60, nowMs),
    lastFiveMinutes: windowFigures(windows, 300, nowMs),
    queuedRows: models.reduce((total, { waitingRows }) => total + waitingRows, 0),
    queuedRequests: models.reduce((total, { waitingRequests }) => total + waitingRequests, 0),
    expectedWaitMs: models.reduce((longest, { expectedWaitMs }) => Math.max(longest, expectedWaitMs), 0),
    rejected,
    lastErrors: errors.toSorted((left, right) => right.lastTime - left.lastTime).slice(0, shownErrors),
  }
}
