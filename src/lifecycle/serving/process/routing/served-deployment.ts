import { fail } from '#contract/errors'
import type { PredictionLog } from '../../prediction-log/prediction-log.ts'
import type { DeploymentPlan, VariantPlan } from '../../plan.ts'
import type { PrepareBatch } from '../features/feature-lookup.ts'
import type { VariantMetrics } from '../metrics.ts'
import type { OutcomeCount } from '../scoring/outcome-counts.ts'
import type { RecordFormat } from '../scoring/record-line.ts'
import type { RowSchema } from '../rows/row-schema.ts'
import type { ServedModel } from '../models/served-model.ts'
import type { Shadow } from '../scoring/shadow.ts'
import type { TrafficSplit } from './traffic-split.ts'

export interface ServedVariant {
  readonly name: string
  readonly weight: number
  readonly plan: VariantPlan
  /** What clients send. */
  readonly schema: RowSchema
  /** Looks up what a request left out and gives the model's batch; undefined: the batch is the model's as it is. */
  readonly prepare: PrepareBatch | undefined
  readonly model: ServedModel
  readonly metrics: VariantMetrics
  readonly outcomes: OutcomeCount
  readonly recordLine: RecordFormat
}

export interface ServedDeployment {
  readonly plan: DeploymentPlan
  /** Those that may answer. */
  readonly variants: readonly ServedVariant[]
  /** Those that score a copy of the traffic. */
  readonly shadows: readonly Shadow[]
  readonly split: TrafficSplit<ServedVariant>
  /** Counts requests that fail before a variant is chosen. */
  readonly unrouted: VariantMetrics
  /** Undefined when the plan turns it off. */
  readonly log: PredictionLog | undefined
}

/** A deployment of a restored plan whose model would not load; its neighbours answer all the same. */
export interface BrokenDeployment {
  readonly plan: DeploymentPlan
  readonly reason: string
}

export function variantOfVersion(deployment: ServedDeployment, version: string): ServedVariant {
  const found = deployment.variants.find((variant) => String(variant.plan.version) === version)
  if (found !== undefined) return found
  const known = deployment.variants.map((variant) => variant.plan.version).join(', ')
  return fail('not_found', `${deployment.plan.name} has no version ${version}; it has ${known}.`)
}
