import type { Platform } from '#platform/platform'
import type { Judgement } from './findings.ts'
import { settleAlerts, tellNews } from './settle-alerts.ts'
import { monitorSchema, type Monitor } from './settings.ts'
import type { MonitoringStore } from './store.ts'

/** Something about releases that somebody should look at. */
export interface ReleaseFinding {
  readonly subject: string
  readonly since: number
  readonly reason: string
}

export interface ReleaseAlertContext {
  readonly deployment: string
  readonly monitor: Monitor | undefined
  readonly store: MonitoringStore
  readonly platform: Platform
}

/** Raises the alert of what was found, once, and resolves the others of its kind. */
export async function settleReleaseAlert(
  finding: ReleaseFinding | undefined,
  /** Which subjects are of its kind, and why an alert of them is over. */
  { isMeant, over }: { readonly isMeant: (subject: string) => boolean; readonly over: string },
  { deployment, monitor = unwatched, store, platform }: ReleaseAlertContext,
): Promise<void> {
  const now = platform.clock.now()
  const states = ['pending', 'firing'] as const
  const all = await store.alerts.alerts({ monitor: deployment, kind: 'release', states: [...states] })
  const open = all.filter(({ subject }) => isMeant(subject))
  const judgements: Judgement[] = []
  const judge = ({ subject, since, reason }: ReleaseFinding, verdict: Judgement['verdict']): void => {
    const window = { start: new Date(since).toISOString(), end: new Date(now).toISOString() }
    const facts = { monitor: deployment, kind: 'release' as const, subject, window, verdict, reason }
    judgements.push({ ...facts, numbers: {}, evidence: 0, judgedAt: window.end })
  }
  for (const { subject } of open) {
    if (subject !== finding?.subject) judge({ subject, since: now, reason: over }, 'clean')
  }
  if (finding !== undefined && !open.some(({ subject }) => subject === finding.subject)) {
    judge(finding, 'breached')
  }
  if (judgements.length === 0) return
  await store.transaction(({ alerts }) => alerts.saveJudgements(judgements))
  await settleAlerts(deployment, monitor, { store, now })
  await tellNews(deployment, { store, platform })
}

/** Of a deployment that only its releases are judged of. */
const unwatched = monitorSchema.parse({ drift: false })
