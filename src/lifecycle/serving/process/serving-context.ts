import { fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { Access } from './access/access.ts'
import type { HttpCall } from './http/http-call.ts'
import type { ServingMetrics, VariantMetrics } from './metrics.ts'
import type { ExampleRow } from '../example-contract.ts'
import type { VariantPlan } from '../plan.ts'
import type { ParquetBodies } from './protocols/parquet-body.ts'
import { deploymentNamed, type RoutingTable } from './routing/routing-table.ts'
import type { ServedDeployment } from './routing/served-deployment.ts'

/** What the protocols answer from. */
export interface ServingContext {
  readonly clock: Clock
  readonly metrics: ServingMetrics
  readonly access: Access
  readonly version: string
  /** The table in place now; a swap changes it between two ticks. */
  table(): RoutingTable
  ready(): boolean
  newId(): string
  readonly parquet: ParquetBodies
  /** A row that was stored with a model; undefined when there is none. */
  exampleRow(plan: Pick<VariantPlan, 'files' | 'signature'>): Promise<ExampleRow | undefined>
  /** Frees a deployment of the plan, and brings it back. */
  readonly repository: {
    load(deployment: string): Promise<void>
    unload(deployment: string): Promise<void>
  }
}

/** The deployment that answers the call. Until a variant is chosen, the call is counted for the variant "". */
export function deploymentOf(context: ServingContext, call: HttpCall, name: string): ServedDeployment {
  const table = context.table()
  call.metrics = [unroutedMetrics(context, name)]
  refuseOthersDeployment(call, name)
  return deploymentNamed(table, name)
}

/** Counts requests for a deployment that come no further; any name may be asked for, so unknown ones count together. */
export function unroutedMetrics({ table, metrics }: ServingContext, name: string): VariantMetrics {
  const { deployments, broken, unloaded } = table()
  const isKnown = broken.has(name) || unloaded.has(name)
  return deployments.get(name)?.unrouted ?? metrics.variant(isKnown ? name : '', '')
}

export function refuseOthersDeployment({ admission }: HttpCall, name: string): void {
  if (admission?.deployments === undefined || admission.deployments.has(name)) return
  fail('permission_denied', `The key "${admission.caller ?? ''}" may not ask the deployment "${name}".`, {
    hint: `It may ask ${[...admission.deployments].join(', ')}.`,
  })
}
