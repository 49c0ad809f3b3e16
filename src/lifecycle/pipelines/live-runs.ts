import type { Progress } from './contract.ts'
import type { StepLog } from './step-log.ts'

/** What is known of a step while it runs, and is not worth a write to the store. */
interface LiveStep {
  progress: Progress | undefined
  log: StepLog | undefined
}

/** The moving part of the runs of this process: progress, logs, and a number that grows with every change. */
export interface LiveRuns {
  revisionOf(runId: string): number
  /** Tells whoever waits that the run looks different now. */
  changed(runId: string): void
  /** Resolves at the next change after `revision`, when the time is over, or when the signal aborts. */
  nextChange(
    runId: string,
    wait: { readonly revision: number; readonly waitMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<void>
  step(stepRunId: string): LiveStep | undefined
  addStep(stepRunId: string): LiveStep
  removeStep(stepRunId: string): void
}

/** A person cannot read faster than this, and a step may report thousands of times a second. */
const grainMs = 50
const keptRevisions = 1000

export function createLiveRuns(): LiveRuns {
  const steps = new Map<string, LiveStep>()
  const revisions = new Map<string, number>()
  const waiters = new Map<string, Set<() => void>>()
  const waking = new Set<string>()
  const wokenAt = new Map<string, number>()

  const wake = (runId: string): void => {
    waking.delete(runId)
    wokenAt.delete(runId)
    wokenAt.set(runId, performance.now())
    if (wokenAt.size > keptRevisions) wokenAt.delete(wokenAt.keys().next().value ?? '')
    for (const waiter of waiters.get(runId) ?? []) waiter()
  }
  return {
    step: (id) => steps.get(id),
    addStep: (id) => {
      const live: LiveStep = { progress: undefined, log: undefined }
      steps.set(id, live)
      return live
    },
    removeStep: (id) => void steps.delete(id),
    revisionOf: (runId) => revisions.get(runId) ?? 0,
    changed: (runId) => {
      const revision = (revisions.get(runId) ?? 0) + 1
      // Moved to the end, so that the runs that are forgotten are those that rest.
      revisions.delete(runId)
      revisions.set(runId, revision)
      if (revisions.size > keptRevisions) revisions.delete(revisions.keys().next().value ?? '')
      if (waking.has(runId) || !waiters.has(runId)) return
      waking.add(runId)
      const sinceMs = performance.now() - (wokenAt.get(runId) ?? 0)
      if (sinceMs >= grainMs) queueMicrotask(() => wake(runId))
      else setTimeout(() => wake(runId), grainMs - sinceMs)
    },
    nextChange: (runId, { revision, waitMs, signal }) =>
      new Promise((resolve) => {
        if (waitMs <= 0 || (revisions.get(runId) ?? 0) !== revision) return resolve()
        const waiting = waiters.get(runId) ?? new Set()
        waiters.set(runId, waiting)
        const done = (): void => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          waiting.delete(done)
          if (waiting.size === 0) waiters.delete(runId)
          resolve()
        }
        const timer = setTimeout(done, waitMs)
        signal?.addEventListener('abort', done, { once: true })
        waiting.add(done)
      }),
  }
}
