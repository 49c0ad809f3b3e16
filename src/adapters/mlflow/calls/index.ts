import type { RegistryService } from '#lifecycle/registry/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import type { MlflowCall } from '../call.ts'
import { artifactCalls } from './artifacts.ts'
import { experimentCalls } from './experiments.ts'
import { loggedModelCalls } from './logged-models.ts'
import { loggingCalls } from './logging.ts'
import { metricHistoryCalls } from './metric-history.ts'
import { modelVersionCalls } from './model-versions.ts'
import { registeredModelCalls } from './registered-models.ts'
import { runCalls } from './runs.ts'
import { searchCalls } from './search.ts'
import { webhookCalls } from './webhooks.ts'

export interface MlflowServices {
  readonly tracking: TrackingService
  readonly registry: RegistryService
}

/** Every call of MLflow's protocol that is answered here. */
export function mlflowCalls({ tracking, registry }: MlflowServices): MlflowCall[] {
  return [
    ...experimentCalls(tracking),
    ...runCalls(tracking),
    ...searchCalls(tracking),
    ...loggingCalls(tracking),
    ...metricHistoryCalls(tracking),
    ...artifactCalls(tracking),
    ...loggedModelCalls(tracking),
    ...registeredModelCalls(registry),
    ...modelVersionCalls(registry),
    ...webhookCalls(registry),
  ]
}
