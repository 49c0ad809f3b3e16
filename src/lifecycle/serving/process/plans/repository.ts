import { fail } from '#contract/errors'
import type { DeploymentPlan } from '../../plan.ts'
import {
  deploymentNamed,
  rebuildTable,
  type RoutingTable,
  type TableBuilder,
} from '../routing/routing-table.ts'

/** The table without a deployment, which it remembers as unloaded. Fails with `not_found` when the plan does not have it. */
export function withoutDeployment(table: RoutingTable, name: string): RoutingTable {
  const plan = planOf(table, name)
  return {
    ...table,
    deployments: without(table.deployments, name),
    broken: without(table.broken, name),
    unloaded: new Map(table.unloaded).set(name, plan),
  }
}

/** The table with an unloaded or broken deployment loaded. One that answers already stays as it is. */
export async function withDeployment(
  builder: TableBuilder,
  table: RoutingTable,
  { name, patienceMs }: { readonly name: string; readonly patienceMs: number },
): Promise<RoutingTable> {
  const plan = planOf(table, name)
  if (table.deployments.has(name)) return table
  const { deployments, broken } = await rebuildTable(
    builder,
    { revision: table.revision ?? 0, deployments: [plan] },
    { patienceMs },
  )
  const loaded = deployments.get(name)
  if (loaded === undefined)
    return fail('not_ready', `${name} cannot be loaded: ${broken.get(name)?.reason ?? ''}`)
  return {
    ...table,
    deployments: new Map(table.deployments).set(name, loaded),
    broken: without(table.broken, name),
    unloaded: without(table.unloaded, name),
  }
}

function planOf(table: RoutingTable, name: string): DeploymentPlan {
  return table.unloaded.get(name) ?? table.broken.get(name)?.plan ?? deploymentNamed(table, name).plan
}

function without<Value>(map: ReadonlyMap<string, Value>, name: string): ReadonlyMap<string, Value> {
  const rest = new Map(map)
  rest.delete(name)
  return rest
}
