import { formatDuration } from '#contract/units'
import type { RolloutView } from './contract.ts'
import type { Rollout, RolloutVersion } from './rollout.ts'

export function rolloutView(rollout: Rollout): RolloutView {
  const { release, verdict, endedAt } = rollout
  const forMs = release.steps[rollout.step]?.forMs
  const remaining = forMs === undefined ? undefined : Math.max(0, Math.round(forMs - rollout.stepElapsedMs))
  return {
    id: rollout.id,
    strategy: rollout.strategy,
    state: rollout.state,
    stable: bare(rollout.stable),
    candidates: rollout.candidates.map(bare),
    step: rollout.step + 1,
    steps: release.steps.map((step) => ({
      share: step.share,
      ...(step.forMs === undefined ? {} : { forMs: step.forMs }),
    })),
    startedAt: rollout.startedAt,
    stepStartedAt: rollout.stepStartedAt,
    ...(remaining === undefined || rollout.state !== 'running' ? {} : { remainingMs: remaining }),
    judged: rollout.judged,
    ...(verdict === undefined
      ? {}
      : {
          verdict: {
            verdict: verdict.verdict,
            reason: verdict.reason,
            time: verdict.time,
            by: verdict.by,
            step: verdict.step + 1,
          },
        }),
    next: nextInWords(rollout, remaining),
    ...(endedAt === undefined ? {} : { endedAt }),
    startedBy: rollout.startedBy,
    reason: rollout.reason,
  }
}

function bare({ name, model, version }: RolloutVersion): { name: string; model: string; version: number } {
  return { name, model, version }
}

const outcomes = { promoted: 'promoted', rolled_back: 'rolled back', ended: 'ended' } as const

function nextInWords(rollout: Rollout, remainingMs: number | undefined): string {
  const { state, step, release, verdict, judged } = rollout
  if (state !== 'running') return outcomes[state]
  if (verdict?.step === step && verdict.verdict === 'hold') return 'held until another verdict'
  const needsVerdict = judged && !(verdict?.step === step && verdict.verdict !== 'roll_back')
  if (remainingMs === undefined)
    return needsVerdict && judged ? 'waits for a verdict' : 'waits for a decision'
  if (remainingMs === 0) return needsVerdict ? 'waits for a verdict' : 'due now'
  const last = step === release.steps.length - 1
  const then = !last
    ? 'the next step'
    : rollout.strategy === 'shadow' || rollout.strategy === 'ab'
      ? 'its end'
      : 'promotion'
  return `${formatDuration(remainingMs)} to ${then}${needsVerdict ? ', if the verdict lets it' : ''}`
}
