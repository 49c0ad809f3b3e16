import type { TrackingService } from '#lifecycle/tracking/index'
import type { MlflowCall } from '../call.ts'
import { artifactCalls } from './artifacts.ts'
import { experimentCalls } from './experiments.ts'
import { loggedModelCalls } from './logged-models.ts'
import { loggingCalls } from './logging.ts'
import { metricHistoryCalls } from './metric-history.ts'
import { runCalls } from './runs.ts'
import { searchCalls } from './search.ts'

export interface MlflowServices {
  readonly tracking: TrackingService
}

/** Every call of MLflow's protocol that is answered here. */
export function mlflowCalls({ tracking }: MlflowServices): MlflowCall[] {
  return [
    ...experimentCalls(tracking),
    ...runCalls(tracking),
    ...searchCalls(tracking),
    ...loggingCalls(tracking),
    ...metricHistoryCalls(tracking),
    ...artifactCalls(tracking),
    ...loggedModelCalls(tracking),
  ]
}
