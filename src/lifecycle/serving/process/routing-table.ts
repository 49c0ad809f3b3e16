import { DevmlopsError, fail } from '#contract/errors'
import type { PredictionLog } from '../prediction-log/prediction-log.ts'
import type { DeploymentPlan, ServingPlan, VariantPlan } from '../plan.ts'
import type { ServingMetrics } from './metrics.ts'
import type { ModelPool } from './model-pool.ts'
import { recordFormat } from './record-line.ts'
import { rowSchema } from './row-schema.ts'
import type { BrokenDeployment, ServedDeployment, ServedVariant } from './served-deployment.ts'
import { trafficSplit } from './traffic-split.ts'

/** A plan made ready to answer: everything in it is loaded and warm, and it holds a reference to each of its models. */
export interface RoutingTable {
  readonly revision: number | undefined
  readonly deployments: ReadonlyMap<string, ServedDeployment>
  readonly broken: ReadonlyMap<string, BrokenDeployment>
}

export const emptyTable: RoutingTable = { revision: undefined, deployments: new Map(), broken: new Map() }

export interface TableBuilder {
  readonly pool: ModelPool
  readonly metrics: ServingMetrics
  openLog(plan: DeploymentPlan): Promise<PredictionLog>
}

/**
 * Loads what a plan names. Fails as a whole when one model cannot be loaded, and then nothing stays loaded; with
 * `keepGoing`, which is for a restart, such a deployment is left out and named instead.
 */
export async function buildTable(
  builder: TableBuilder,
  plan: ServingPlan,
  keepGoing = false,
): Promise<RoutingTable> {
  const deployments = new Map<string, ServedDeployment>()
  const broken = new Map<string, BrokenDeployment>()
  for (const deployment of plan.deployments) {
    try {
      deployments.set(deployment.name, await buildDeployment(builder, deployment))
    } catch (error) {
      if (!keepGoing) {
        releaseTable({ revision: plan.revision, deployments, broken })
        throw error
      }
      broken.set(deployment.name, {
        plan: deployment,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
  }
  return { revision: plan.revision, deployments, broken }
}

export function releaseTable(table: RoutingTable): void {
  for (const { variants } of table.deployments.values()) for (const { model } of variants) model.release()
}

/** Fails with `not_found`, or with `not_ready` and the reason when the deployment could not be restored. */
export function deploymentNamed(table: RoutingTable, name: string): ServedDeployment {
  const found = table.deployments.get(name)
  if (found !== undefined) return found
  const broken = table.broken.get(name)
  if (broken !== undefined) {
    return fail('not_ready', `The deployment ${name} is not ready: ${broken.reason}`, {
      hint: 'Repair its model, or deploy another version.',
    })
  }
  const known = [...table.deployments.keys()].join(', ')
  return fail('not_found', `There is no deployment "${name}".`, {
    hint: known === '' ? 'Nothing is deployed.' : `Deployed: ${known}.`,
  })
}

async function buildDeployment(builder: TableBuilder, plan: DeploymentPlan): Promise<ServedDeployment> {
  const variants: ServedVariant[] = []
  try {
    for (const variant of plan.variants) variants.push(await buildVariant(builder, plan, variant))
    const log = plan.log.enabled ? await builder.openLog(plan) : undefined
    const unrouted = builder.metrics.variant(plan.name, '')
    return { plan, variants, split: trafficSplit(plan.name, variants), unrouted, log }
  } catch (error) {
    for (const { model } of variants) model.release()
    throw error
  }
}

async function buildVariant(
  builder: TableBuilder,
  deployment: DeploymentPlan,
  plan: VariantPlan,
): Promise<ServedVariant> {
  const schema = rowSchema(plan.signature)
  const model = await acquire(builder.pool, deployment, plan)
  // From here on the outputs are those that the model gives, whatever it was logged with.
  const served = { ...plan, signature: { ...plan.signature, outputs: [...model.facts.outputs] } }
  return {
    name: plan.name,
    weight: plan.weight,
    plan: served,
    schema,
    model,
    metrics: builder.metrics.variant(deployment.name, plan.name),
    recordLine: recordFormat(deployment.name, served, schema),
  }
}

async function acquire(
  pool: ModelPool,
  deployment: DeploymentPlan,
  variant: VariantPlan,
): ReturnType<ModelPool['acquire']> {
  try {
    return await pool.acquire(variant)
  } catch (error) {
    const place = `deployment ${deployment.name}, variant ${variant.name}`
    if (!(error instanceof DevmlopsError)) throw error
    return fail(error.code, `${place}: ${error.message}`, {
      at: place,
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
}
