import { formatDuration } from '#contract/units'
import type { Rollout } from '#lifecycle/serving/index'
import type { CanaryVerdict } from './contract.ts'
import { settleReleaseAlert, type ReleaseAlertContext, type ReleaseFinding } from './release-alert.ts'
import type { CanaryPolicy } from './settings.ts'

export type Overdue = ReleaseFinding

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

/** Raises the alert of a step that is overdue, once, and takes back those of steps that have gone on. */
export function settleOverdue(overdue: Overdue | undefined, context: ReleaseAlertContext): Promise<void> {
  const steps = { isMeant: (subject: string) => subject.startsWith('step '), over: 'it has gone on' }
  return settleReleaseAlert(overdue, steps, context)
}
