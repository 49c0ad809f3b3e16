import type { Persistence } from './alert.ts'
import type { ColumnDrift, Judgement, Window } from './findings.ts'
import type { Monitor } from './settings.ts'
import { describeRule, type RealizedPerformance } from './realized-performance.ts'

export interface JudgementContext {
  readonly monitor: string
  readonly window: Window
  /** ISO 8601. */
  readonly judgedAt: string
}

export function driftJudgement(context: JudgementContext, drift: ColumnDrift): Judgement {
  const worst = drift.checks.find((check) => check.breached) ?? drift.checks[0]
  return {
    ...context,
    kind: 'drift',
    subject: drift.column,
    verdict: drift.verdict,
    reason: drift.reason,
    numbers: {
      psi: drift.psi,
      jensenShannon: drift.jensenShannon,
      effect: worst?.effect ?? null,
      threshold: worst?.threshold ?? null,
      adjustedPValue: worst?.adjustedPValue ?? null,
      nReference: drift.nReference,
    },
    evidence: drift.n,
  }
}

export function performanceJudgement(context: JudgementContext, performance: RealizedPerformance): Judgement {
  const { metric } = performance
  const known = metric.status === 'value' ? metric : undefined
  return {
    ...context,
    kind: 'performance',
    subject: performance.subject,
    verdict: performance.verdict,
    reason: performance.reason,
    numbers: {
      value: known?.value ?? null,
      low: known?.interval.low ?? null,
      high: known?.interval.high ?? null,
      coverage: performance.coverage,
    },
    evidence: performance.labels,
  }
}

/** How long trouble must last, by the monitor's settings. A rule that is no longer in the file lets go at the first clean window. */
export function persistenceIn(
  monitor: Monitor,
): (judgement: Pick<Judgement, 'kind' | 'subject'>) => Persistence {
  return ({ kind, subject }) => {
    const rule = monitor.performance.find((one) => describeRule(one) === subject)
    const settings = kind === 'drift' ? monitor.drift : rule
    return settings
      ? { for: settings.for, resolveAfter: settings.resolve_after }
      : { for: 1, resolveAfter: 1 }
  }
}
