import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { Log } from '#platform/log'
import type { PredictionLog } from '../../prediction-log/prediction-log.ts'
import type { DeploymentPlan, ServingPlan, VariantPlan } from '../../plan.ts'
import type { ServingMetrics } from '../metrics.ts'
import type { ModelPool } from '../models/model-pool.ts'
import { recordFormat, type TextHash } from '../scoring/record-line.ts'
import { featurePreparation, requestSignature } from '../features/feature-lookup.ts'
import type { FeatureValues } from '../features/feature-values.ts'
import { rowSchema } from '../rows/row-schema.ts'
import type { BrokenDeployment, ServedDeployment, ServedVariant } from './served-deployment.ts'
import { batchConversion, type BatchConversion } from '../scoring/batch-fields.ts'
import { Shadow } from '../scoring/shadow.ts'
import { trafficSplit } from './traffic-split.ts'

/** A plan made ready to answer: everything in it is loaded and warm, and it holds a reference to each of its models. */
export interface RoutingTable {
  readonly revision: number | undefined
  readonly deployments: ReadonlyMap<string, ServedDeployment>
  readonly broken: ReadonlyMap<string, BrokenDeployment>
  /** Freed by a client of the repository API, until it is loaded again or a new plan comes. */
  readonly unloaded: ReadonlyMap<string, DeploymentPlan>
}

/** How long a model stays that was loaded when nobody waited any more. */
const holdMs = 150_000

const nothingLost = { broken: new Map(), unloaded: new Map() }
export const emptyTable: RoutingTable = { revision: undefined, deployments: new Map(), ...nothingLost }

export interface TableBuilder {
  readonly pool: ModelPool
  readonly features: FeatureValues
  readonly metrics: ServingMetrics
  openLog(plan: DeploymentPlan): Promise<PredictionLog>
  /** Shadows have logs of their own. */
  openShadowLog(plan: DeploymentPlan): Promise<PredictionLog>
  readonly clock: Clock
  readonly log: Log
  /** For columns of the log with the rule `hash`; undefined without a key. */
  readonly hashText?: TextHash | undefined
}

/** Loads what a plan names. Fails as a whole when one model cannot be loaded, and then nothing stays loaded. */
export async function buildTable(builder: TableBuilder, plan: ServingPlan): Promise<RoutingTable> {
  const deployments = new Map<string, ServedDeployment>()
  try {
    for (const deployment of plan.deployments) {
      deployments.set(deployment.name, await buildDeployment(builder, deployment))
    }
  } catch (error) {
    releaseTable({ revision: plan.revision, deployments, ...nothingLost })
    throw error
  }
  return { revision: plan.revision, deployments, ...nothingLost }
}

export interface RebuildOptions {
  readonly patienceMs: number
  /** Left out as long as nobody loads them. */
  readonly unloaded?: RoutingTable['unloaded']
}

/**
 * The same after a restart: what cannot be loaded, or not within `patienceMs`, is left out and named. A model that is slow
 * to load goes on loading; whoever builds the table again finds it.
 */
export async function rebuildTable(
  builder: TableBuilder,
  plan: Pick<ServingPlan, 'revision' | 'deployments'>,
  { patienceMs, unloaded = new Map() }: RebuildOptions,
): Promise<RoutingTable> {
  const impatient = { ...builder, pool: withPatience(builder.pool, patienceMs) }
  const deployments = new Map<string, ServedDeployment>()
  const broken = new Map<string, BrokenDeployment>()
  await Promise.all(
    plan.deployments.map(async (deployment) => {
      if (unloaded.has(deployment.name)) return
      try {
        deployments.set(deployment.name, await buildDeployment(impatient, deployment))
      } catch (error) {
        broken.set(deployment.name, { plan: deployment, reason: messageOf(error) })
      }
    }),
  )
  return { revision: plan.revision, deployments, broken, unloaded }
}

function withPatience(pool: ModelPool, patienceMs: number): ModelPool {
  return {
    ...pool,
    acquire: async (variant) => {
      const acquired = pool.acquire(variant)
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(resolve, patienceMs, undefined)
      })
      const first = await Promise.race([acquired, late])
      clearTimeout(timer)
      if (first !== undefined) return first
      // Held for a while, so that whoever asks again does not load it once more.
      acquired.then(
        (model) => setTimeout(() => model.release(), holdMs).unref(),
        () => undefined,
      )
      return fail('not_ready', `${variant.model} v${variant.version} is still being loaded.`)
    },
  }
}

/** Lets go of the models of all deployments, or of those that `isMeant` picks. */
export function releaseTable(
  table: RoutingTable,
  isMeant: (deployment: string) => boolean = () => true,
): void {
  for (const [name, { variants, shadows }] of table.deployments) {
    if (!isMeant(name)) continue
    for (const { model } of variants) model.release()
    for (const shadow of shadows) shadow.close()
  }
}

/** Fails with `not_found`, or with `not_ready` and the reason when the deployment could not be restored. */
export function deploymentNamed(table: RoutingTable, name: string): ServedDeployment {
  const found = table.deployments.get(name)
  if (found !== undefined) return found
  const broken = table.broken.get(name)
  if (broken !== undefined) {
    return fail('not_ready', `The deployment ${name} is not ready: ${broken.reason}`, {
      hint: 'It is tried again by itself. If that does not help, repair its model or deploy another version.',
    })
  }
  if (table.unloaded.has(name)) {
    return fail('not_ready', `The deployment ${name} was unloaded.`, {
      hint: `POST /v2/repository/models/${name}/load brings it back, and so does a new plan.`,
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
    const live = variants.filter((variant) => variant.plan.role !== 'shadow')
    const shadows: Shadow[] = []
    for (const variant of variants) {
      if (variant.plan.role === 'shadow') shadows.push(await buildShadow(builder, plan, { variant, live }))
    }
    return { plan, variants: live, shadows, split: trafficSplit(plan.name, live), unrouted, log }
  } catch (error) {
    for (const { model } of variants) model.release()
    throw error
  }
}

async function buildShadow(
  { openShadowLog, metrics, clock, log }: TableBuilder,
  plan: DeploymentPlan,
  { variant, live }: { readonly variant: ServedVariant; readonly live: readonly ServedVariant[] },
): Promise<Shadow> {
  const conversions = new Map<string, BatchConversion>()
  for (const { name, schema } of live) {
    try {
      conversions.set(name, batchConversion(schema, variant.schema))
    } catch (error) {
      const label = `${variant.plan.model} v${variant.plan.version}`
      fail('conflict', `${label} cannot score a copy of the traffic of ${plan.name}: ${messageOf(error)}.`)
    }
  }
  const predictions = await openShadowLog(plan)
  return new Shadow({ variant, conversions, predictions, counts: metrics.shadows.of(plan.name), clock, log })
}

async function buildVariant(
  builder: TableBuilder,
  deployment: DeploymentPlan,
  plan: VariantPlan,
): Promise<ServedVariant> {
  const prepare = featurePreparation(plan.signature, plan.features, builder.features)
  const asked = requestSignature(plan.signature, plan.features)
  const schema = rowSchema(asked)
  const model = await acquire(builder.pool, deployment, plan)
  // From here on the outputs are those that the model gives, and the inputs those that clients send.
  const served = { ...plan, signature: { ...asked, outputs: [...model.facts.outputs] } }
  return {
    prepare,
    name: plan.name,
    weight: plan.weight,
    plan: served,
    schema,
    model,
    metrics: builder.metrics.variant(deployment.name, plan.name),
    outcomes: builder.metrics.outcomes.begin({
      deployment: deployment.name,
      variant: plan.name,
      model: plan.model,
      version: plan.version,
    }),
    recordLine: recordFormat(deployment, { variant: served, schema }, builder.hashText),
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
