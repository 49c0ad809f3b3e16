import { formatDuration } from '#contract/units'
import type { Rollout } from '#lifecycle/serving/index'
import type { Platform } from '#platform/platform'
import type { CanaryVerdict } from './contract.ts'
import type { Judgement } from './findings.ts'
import { settleAlerts, tellNews } from './settle-alerts.ts'
import { monitorSchema, type CanaryPolicy, type Monitor } from './settings.ts'
import type { MonitoringStore } from './store.ts'

export interface Overdue {
  /** The step, in words. */
  readonly subject: string
  readonly since: number
  readonly reason: string
}

/** A step that is held for longer than its policy allows: somebody should look, since numbers alone do not end it. */
export function overdueStep(
  { step, stepStartedAt, candidates }: Rollout,
  { maximum_duration: longest }: CanaryPolicy,
  { verdicts, now }: { readonly verdicts: readonly CanaryVerdict[]; readonly now: number },
): Overdue | undefined {
  const held = verdicts.find(({ decision }) => decision === 'hold')
  const lasts = now - stepStartedAt
  if (held === undefined || lasts <= longest) return undefined
  const tried = candidates.map(({ name, version }) => `${name} v${version}`).join(', ')
  const reason = `undecided for ${formatDuration(lasts)}, longer than ${formatDuration(longest)}: ${held.reason}`
  return { subject: `step ${step + 1} of ${tried}`, since: stepStartedAt, reason }
}

interface AlertContext {
  readonly deployment: string
  readonly monitor: Monitor | undefined
  readonly store: MonitoringStore
  readonly platform: Platform
}

/** Raises the alert of a step that is overdue, once, and takes back those of steps that have gone on. */
export async function settleOverdue(overdue: Overdue | undefined, context: AlertContext): Promise<void> {
  const { deployment, store, platform } = context
  const now = platform.clock.now()
  const open = await store.alerts.alerts({
    monitor: deployment,
    kind: 'release',
    states: ['pending', 'firing'],
  })
  const judgements: Judgement[] = []
  const judge = (given: Overdue, verdict: Judgement['verdict']): void => {
    const { subject, since, reason } = given
    const window = { start: new Date(since).toISOString(), end: new Date(now).toISOString() }
    const facts = { monitor: deployment, kind: 'release' as const, subject, window, verdict, reason }
    judgements.push({ ...facts, numbers: {}, evidence: 0, judgedAt: window.end })
  }
  for (const { subject } of open) {
    if (subject !== overdue?.subject) judge({ subject, since: now, reason: 'it has gone on' }, 'clean')
  }
  if (overdue !== undefined && !open.some(({ subject }) => subject === overdue.subject)) {
    judge(overdue, 'breached')
  }
  if (judgements.length === 0) return
  await store.transaction(({ alerts }) => alerts.saveJudgements(judgements))
  await settleAlerts(deployment, context.monitor ?? unwatched, { store, now })
  await tellNews(deployment, { store, platform })
}

/** Of a deployment that only its rollouts are judged of. */
const unwatched = monitorSchema.parse({ drift: false })
