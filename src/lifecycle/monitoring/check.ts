import { messageOf } from '#contract/errors'
import { predictionsDirectory } from '#lifecycle/serving/index'
import type { Platform } from '#platform/platform'
import { judgeTrials } from './canary-trial.ts'
import type { WatchedServing } from './trial-context.ts'
import type { AlertTransition, Window } from './findings.ts'
import { judgeWindow, windowOf } from './judge-window.ts'
import { readLog } from './read-log.ts'
import type { ModelReferences } from './reference-point.ts'
import { retrain } from './retrain.ts'
import type { PipelineStarter } from './retraining-point.ts'
import type { RowScorer } from './scorer-point.ts'
import { settleAlerts, tellNews } from './settle-alerts.ts'
import type { Monitor } from './settings.ts'
import type { MonitoringStore } from './store.ts'

export interface CheckContext {
  readonly platform: Platform
  readonly store: MonitoringStore
  readonly serving: WatchedServing
  readonly references: ModelReferences
  readonly scorer: RowScorer
  readonly retraining: PipelineStarter
}

export interface CheckRequest {
  readonly deployment: string
  /** Undefined for a deployment that only its rollouts are judged of. */
  readonly monitor: Monitor | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Checked {
  readonly read: number
  readonly judged: readonly Window[]
  readonly changes: readonly AlertTransition[]
}

/**
 * Reads, judges and acts. Every step takes up what is stored and leaves behind what it has finished, so that a check that is
 * cut off anywhere is completed by the next one, and a check of what has been checked changes nothing.
 */
export async function checkDeployment(request: CheckRequest, context: CheckContext): Promise<Checked> {
  const { deployment, monitor } = request
  const { store, platform } = context
  const problems: Error[] = []
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) =>
      problems.push(error instanceof Error ? error : new Error(String(error))),
    )
  }
  let checked: Checked = { read: 0, judged: [], changes: [] }
  if (monitor !== undefined) {
    await attempt(async () => {
      checked = await watch({ ...request, monitor }, context)
    })
  }
  // A canary that cannot be scored, or a pipeline that cannot be started, keeps nobody from watching, and the reverse.
  const policy = monitor?.retraining
  if (policy !== undefined && problems.length === 0) {
    await attempt(() => retrain(deployment, policy, { store, platform, starter: context.retraining }))
  }
  const directory = predictionsDirectory(platform.config.home, deployment)
  await attempt(() => judgeTrials(monitor, { ...context, deployment, directory, signal: request.signal }))
  const [problem] = problems
  await store.windows.noteCheck(
    deployment,
    platform.clock.now(),
    problem === undefined ? undefined : messageOf(problem),
  )
  if (problem !== undefined) throw problem
  return checked
}

type Watched = CheckRequest & { readonly monitor: Monitor }

async function watch({ deployment, monitor, signal }: Watched, context: CheckContext): Promise<Checked> {
  const { store, references, platform } = context
  const directory = predictionsDirectory(platform.config.home, deployment)
  const read = await readLog({ deployment, directory, windowMs: monitor.window, store, references, signal })
  const judged = await judgeDue({ deployment, monitor, signal }, context)
  const changes = await settleAlerts(deployment, monitor, { store, now: platform.clock.now() })
  await tellNews(deployment, { store, platform })
  return { read, judged, changes }
}

async function judgeDue(
  { deployment, monitor, signal }: Watched,
  { store, references, platform }: CheckContext,
): Promise<Window[]> {
  const now = platform.clock.now()
  const progress = await store.windows.progress(deployment)
  const judged: Window[] = []
  for (const row of await store.windows.due(deployment, progress?.latest_event_time ?? 0, now)) {
    signal?.throwIfAborted()
    const result = await judgeWindow(row, { deployment, monitor, store, references, now })
    if (result === undefined) continue
    await store.transaction(async (stores) => {
      await stores.alerts.saveJudgements(result.judgements)
      // The changes as they were when the judging began: what came in since makes the window due again.
      const { changes, window_start } = row
      const findings = JSON.stringify(result.findings)
      await stores.windows.saveFindings({ deployment, window_start, changes, judged_at: now, findings })
    })
    judged.push(windowOf(row))
  }
  return judged
}
