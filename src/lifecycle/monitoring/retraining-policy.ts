import { formatDuration } from '#contract/units'
import type { Alert } from './findings.ts'
import type { RetrainingPolicy } from './settings.ts'

export interface StartedRetraining {
  /** ISO 8601, event time. */
  readonly at: string
  /** Fingerprints of the alerts. */
  readonly fingerprints: readonly string[]
}

export interface RetrainingInput {
  readonly policy: RetrainingPolicy
  /** Of one monitor, every episode. */
  readonly alerts: readonly Alert[]
  /** What the policy has started, each with the alerts that asked for it. */
  readonly started: readonly StartedRetraining[]
  /** ISO 8601, event time, so that a replayed month passes as a month. */
  readonly now: string
}

export type RetrainingDecision =
  | {
      readonly decision: 'start'
      readonly pipeline: string
      /** Ids of the alerts that ask for it. */
      readonly because: readonly string[]
      readonly reason: string
    }
  | {
      readonly decision: 'hold'
      readonly why: 'nothing_firing' | 'input_fault' | 'already_started' | 'cool_down'
      readonly reason: string
      /** When to ask again at the latest, where that is known. */
      readonly until?: string
    }

/** Whether the alerts as they stand should start the pipeline. Asking again changes nothing: it keeps no state. */
export function decideRetraining({ policy, alerts, started, now }: RetrainingInput): RetrainingDecision {
  const asks = new Set<string>(policy.when)
  const forbids = new Set<string>(policy.unless_firing)
  const asking = alerts.filter((alert) => alert.state === 'firing' && asks.has(alert.kind))
  if (asking.length === 0) {
    return {
      decision: 'hold',
      why: 'nothing_firing',
      reason: `no ${policy.when.join(' or ')} alert is firing`,
    }
  }
  const forbidding = alerts.filter((alert) => forbids.has(alert.kind))
  const present = forbidding.filter((alert) => alert.state === 'firing')
  if (present.length > 0) return inputFault(present, 'is firing')
  const unexplained = asking.filter((alert) => !forbidding.some((other) => explains(other, alert)))
  if (unexplained.length === 0)
    return inputFault(
      forbidding.filter((other) => asking.some((alert) => explains(other, alert))),
      'has just ended',
    )

  const unanswered = unexplained.filter((alert) => !started.some((one) => answers(one, alert)))
  if (unanswered.length === 0) {
    const times = started
      .filter((one) => unexplained.some((alert) => answers(one, alert)))
      .map(({ at }) => at)
    const reason = `retraining was started ${times.sort().at(-1)} for what is firing; an episode starts it once`
    return { decision: 'hold', why: 'already_started', reason }
  }
  const lastStartedAt = started
    .map(({ at }) => at)
    .sort()
    .at(-1)
  const untilMs = lastStartedAt === undefined ? 0 : Date.parse(lastStartedAt) + policy.cool_down
  if (Date.parse(now) < untilMs) {
    const until = new Date(untilMs).toISOString()
    const reason = `the last retraining started ${lastStartedAt}; the next may start ${until}, after a cool-down of ${formatDuration(policy.cool_down)}`
    return { decision: 'hold', why: 'cool_down', reason, until }
  }
  return {
    decision: 'start',
    pipeline: policy.pipeline,
    because: unanswered.map((alert) => alert.id),
    reason: unanswered.map((alert) => alert.reason).join('; '),
  }
}

/**
 * A fault that is over explains a loss that lay entirely within it: the rows to learn from would be the faulty ones. The
 * clean windows that resolved it are none of them.
 */
function explains(fault: Alert, loss: Alert): boolean {
  if (fault.resolvedAt === null || fault === loss) return false
  return fault.since <= loss.since && loss.window.end <= fault.window.end
}

/** By overlap, not by id: late labels may find that an episode began in another window, which gives it another id. */
function answers({ at, fingerprints }: StartedRetraining, alert: Alert): boolean {
  return fingerprints.includes(alert.fingerprint) && at > alert.since
}

function inputFault(alerts: readonly Alert[], what: string): RetrainingDecision {
  const subjects = [...new Set(alerts.map((alert) => `${alert.kind} of ${alert.subject}`))].join(', ')
  const reason = `${subjects} ${what}: a fault of the input explains the loss, and retraining would bake it in`
  return { decision: 'hold', why: 'input_fault', reason }
}
