import { formatDuration } from '#contract/units'
import type { Release, Strategy } from '../deployment/rollout.ts'
import type { DeployedVariant } from '../contract.ts'

/** One version that a rollout is about. */
export interface RolloutVersion {
  readonly name: string
  readonly model: string
  readonly version: number
  readonly digest?: string | undefined
}

export type RolloutState = 'running' | 'promoted' | 'rolled_back' | 'ended'
export type Decision = 'advance' | 'hold' | 'promote' | 'roll_back'

export interface RolloutVerdict {
  readonly verdict: Decision
  readonly reason: string
  /** Numbers behind it, as whoever judged gave them. */
  readonly evidence: unknown
  readonly time: number
  readonly by: string
  /** Index of the step that was judged. */
  readonly step: number
}

/** A new version on its way to answering everything. One at a time runs for a deployment. */
export interface Rollout {
  readonly id: string
  readonly deployment: string
  readonly strategy: Strategy
  readonly state: RolloutState
  readonly release: Release
  /** What answers what the candidates do not. */
  readonly stable: RolloutVersion
  readonly candidates: readonly RolloutVersion[]
  /** Variants with their shares at the present step. */
  readonly variants: readonly DeployedVariant[]
  /** Index into `release.steps`. */
  readonly step: number
  readonly startedAt: number
  readonly stepStartedAt: number
  /** How long the step has run, counted by the monotonic clock while a server watched: clock jumps do not shorten it. */
  readonly stepElapsedMs: number
  /** Whether something judges it: then a step ends only with a verdict that lets it. */
  readonly judged: boolean
  /** `analysis` of the release. */
  readonly policy: Release['analysis']
  /** The last one. */
  readonly verdict: RolloutVerdict | undefined
  readonly endedAt: number | undefined
  readonly startedBy: string
  readonly reason: string
}

export type RolloutPosition = Pick<Rollout, 'release' | 'stable' | 'candidates' | 'step'>

/** Who answers how much at a step. The shares of those that answer add up to 100. */
export function variantsAt({ release, stable, candidates, step }: RolloutPosition): DeployedVariant[] {
  const share = release.steps[step]?.share ?? 0
  const tried = candidates.map((candidate): DeployedVariant =>
    release.strategy === 'shadow'
      ? { ...candidate, weight: 0, role: 'shadow', share }
      : { ...candidate, weight: weightOf(release, candidate.name, share) },
  )
  const rest = 100 - tried.reduce((sum, { weight }) => sum + weight, 0)
  return [{ ...stable, name: 'champion', weight: rest }, ...tried]
}

function weightOf({ strategy, candidates }: Release, name: string, share: number): number {
  if (strategy === 'canary') return share
  if (strategy === 'ab') return candidates.find((candidate) => candidate.name === name)?.share ?? 0
  return 0
}

export interface Move {
  readonly to: 'next_step' | 'promote' | 'end'
  readonly reason: string
}

type Progress = Pick<Rollout, 'release' | 'strategy' | 'step' | 'stepElapsedMs' | 'judged' | 'verdict'>

/**
 * What is due now. A step ends when its time is over and, where something judges, when the last verdict on this step lets
 * it: no verdict is not a good one. A step without a time waits for a decision.
 */
export function dueMove(rollout: Progress): Move | undefined {
  const { step, release, stepElapsedMs, judged } = rollout
  const forMs = release.steps[step]?.forMs
  if (forMs !== undefined && stepElapsedMs < forMs) return undefined
  const verdict = rollout.verdict?.step === step ? rollout.verdict : undefined
  const lets = verdict?.verdict === 'advance' || verdict?.verdict === 'promote'
  if (lets) return { to: nextOf(rollout), reason: verdict.reason }
  if (forMs === undefined || judged || verdict?.verdict === 'hold') return undefined
  return {
    to: nextOf(rollout),
    reason: `${formatDuration(forMs)} are over; nothing judges it, so by time alone`,
  }
}

/** Nothing that only ran in the shadow takes over because time has passed. */
function nextOf({ strategy, release, step, verdict }: Progress): Move['to'] {
  if (step < release.steps.length - 1) return 'next_step'
  if (strategy === 'canary' || strategy === 'blue_green') return 'promote'
  return verdict?.verdict === 'promote' ? 'promote' : 'end'
}
