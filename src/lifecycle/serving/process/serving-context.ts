import type { Clock } from '#platform/clock'
import type { HttpCall } from './http/http-call.ts'
import type { ServingMetrics } from './metrics.ts'
import { deploymentNamed, type RoutingTable } from './routing/routing-table.ts'
import type { ServedDeployment } from './routing/served-deployment.ts'

/** What the protocols answer from. */
export interface ServingContext {
  readonly clock: Clock
  readonly metrics: ServingMetrics
  readonly version: string
  /** The table in place now; a swap changes it between two ticks. */
  table(): RoutingTable
  ready(): boolean
  newId(): string
  /** Frees a deployment of the plan, and brings it back. */
  readonly repository: {
    load(deployment: string): Promise<void>
    unload(deployment: string): Promise<void>
  }
}

/** The deployment that answers the call. Until a variant is chosen, the call is counted for the variant "". */
export function deploymentOf(context: ServingContext, call: HttpCall, name: string): ServedDeployment {
  const table = context.table()
  call.metrics = [table.deployments.get(name)?.unrouted ?? context.metrics.variant(name, '')]
  return deploymentNamed(table, name)
}
