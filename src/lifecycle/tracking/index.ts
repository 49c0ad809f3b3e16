import { routesOf } from '#platform/dispatch'
import type { Stage } from '#platform/platform'
import { trackingContract } from './contract.ts'
import { heldDigests } from './held-digests.ts'
import { trackingHandlers } from './handlers.ts'
import { loggedModelContract } from './logged-model-contract.ts'
import { loggedModelHandlers } from './logged-model-handlers.ts'
import { createTrackingService, type TrackingDependencies, type TrackingService } from './service.ts'

export type { VersionArtifacts } from './artifact-place.ts'
export type { ArtifactContent } from './artifact-service.ts'
export type { StoredArtifact } from './artifact-store.ts'
export type { ArtifactUploads } from './artifact-upload-service.ts'
export {
  type ArtifactEntry,
  type ColumnType,
  type DatasetInput,
  type Experiment,
  type LifecycleStage,
  type ModelOutput,
  type ModelSignature,
  modelSignatureSchema,
  reservedTags,
  type RunStatus,
} from './contract.ts'
export {
  createImportService,
  type ImportedLoggedModel,
  type ImportedRun,
  type ImportService,
} from './import-service.ts'
export { checkKey, isNormalPath } from './limits.ts'
export type { Batch, KeyValue, NewMetric } from './log-batch.ts'
export type { LoggedModel, ModelMetric } from './logged-model.ts'
export type { LoggedModelOrder, LoggedModelSearch } from './logged-model-search.ts'
export type { LoggedModelStatus } from './logged-model-tables.ts'
export type { Metric } from './metric-store.ts'
export { createTrackingPurge, type TrackingPurge } from './purge-service.ts'
export { pageFrom } from './page-token.ts'
export type { Run } from './run-details.ts'
export type { RunRequest, RunUpdate, TrackingService } from './service.ts'
export type { RunPageRequest, RunSearch } from './search-service.ts'
export { trackingMigrations } from './tables.ts'
export { datasetsNamedByTracking } from './named-datasets.ts'

export function createTrackingStage(dependencies: TrackingDependencies): {
  readonly service: TrackingService
  readonly stage: Stage
} {
  const service = createTrackingService(dependencies)
  return {
    service,
    stage: {
      name: 'tracking',
      routes: [
        ...routesOf('tracking', trackingContract, trackingHandlers(service)),
        ...routesOf('tracking', loggedModelContract, loggedModelHandlers(service)),
      ],
      heldDigests: () => heldDigests(dependencies.platform.database),
    },
  }
}
