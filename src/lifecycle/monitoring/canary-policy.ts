import { analysisSettingsSchema, type DeploymentSettings } from '#lifecycle/serving/contract'
import type { Rollout } from '#lifecycle/serving/index'
import type { CanaryPolicy, Monitor } from './settings.ts'

/** Where nobody said how to judge steps that go by time: errors, and answers that take three times as long. */
const generous: CanaryPolicy = analysisSettingsSchema.parse({ slowdown: 3 })

/**
 * By what a rollout is judged: what its release says, else what the monitor says, else a generous rule for steps that would go
 * by time alone. Undefined when a person decides: then nothing is judged.
 */
export function policyFor(
  rollout: Pick<Rollout, 'policy' | 'release' | 'strategy'>,
  monitor: Monitor | undefined,
): CanaryPolicy | undefined {
  return rollout.policy ?? monitor?.canary ?? (hasTimedSteps(rollout) ? generous : undefined)
}

/** Whether the rollouts of a deployment are judged at all; then its steps end with a verdict, not with time alone. */
export function isJudged(monitor: Monitor | undefined, deployment: DeploymentSettings | undefined): boolean {
  const release = deployment?.release
  if (monitor?.canary !== undefined || release?.analysis !== undefined) return true
  return release?.strategy === 'canary' && release.steps.some((step) => step.for !== undefined)
}

/** Steps in which a growing share of the traffic is at stake. */
function hasTimedSteps({ strategy, release }: Pick<Rollout, 'release' | 'strategy'>): boolean {
  return strategy === 'canary' && release.steps.some(({ forMs }) => forMs !== undefined)
}
