import type { DeploymentPlan } from '../../plan.ts'
import type { Route } from '../http/http-call.ts'
import type { RouteAdder } from '../route-adder.ts'
import type { ServingContext } from '../serving-context.ts'

/** The paths that ask why. What answers them is loaded by the first who does. */
export function addExplanations(
  context: ServingContext,
  { add }: RouteAdder,
  {
    plan: { name, limits },
    admit,
  }: { readonly plan: DeploymentPlan; readonly admit: NonNullable<Route['admit']> },
): void {
  const { bodyBytes } = limits
  add('POST', `/deployments/${name}/explain`, {
    protocol: 'native',
    bodyBytes,
    admit,
    handle: async (call) => (await import('./explain-protocol.ts')).explain(context, call, name),
  })
  add('POST', `/v1/models/${name}:explain`, {
    protocol: 'inference',
    bodyBytes,
    admit,
    handle: async (call) => (await import('./explain-protocol.ts')).kserveExplain(context, call, name),
  })
}
