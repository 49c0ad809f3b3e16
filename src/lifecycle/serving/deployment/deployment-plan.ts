import type { DeploymentSettings } from '../contract.ts'
import type { ServingPlanInput } from '../plan.ts'
import { explainPlan } from './explain.ts'
import { limitsPlan } from './limits.ts'
import { logPlan } from './log.ts'
import { rolloutPlan } from './rollout.ts'
import { stickyPlan } from './traffic.ts'

type DeploymentPlanInput = ServingPlanInput['deployments'][number]

/** What devmlops.yaml says of a deployment, as the serving process reads it. */
export function deploymentPlan(
  name: string,
  settings: DeploymentSettings,
  { variants }: Pick<DeploymentPlanInput, 'variants'>,
): DeploymentPlanInput {
  return {
    name,
    variants,
    sticky: stickyPlan(settings.sticky),
    rollout: rolloutPlan(settings),
    log: logPlan(settings.log),
    limits: limitsPlan(settings.limits),
    explain: explainPlan(settings.explain),
  }
}
