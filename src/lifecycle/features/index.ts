import { routesOf } from '#platform/dispatch'
import { digestsIn } from '#platform/held-digests'
import type { Stage } from '#platform/platform'
import { featuresContract } from './contract.ts'
import { featuresHandlers } from './handlers.ts'
import { createFeaturesService, type FeaturesService, type FeaturesServiceOptions } from './service.ts'

export type { ViewUse } from './view-use.ts'
export { joinForm, joinStep } from './joins/join-step.ts'
export { featuresSection, splitsSection } from './section.ts'
export type { FeatureProject, FeaturesService, FeaturesServiceOptions } from './service.ts'
export { splitForm, splitStep } from './splits/split-step.ts'
export { requestFeatures } from './transforms/request-features.ts'
export type { FeatureRequest } from './transforms/fit-feature.ts'
export {
  applyPreparation,
  fitPreparation,
  preparationDigest,
  preparationGraph,
  preparedColumns,
} from './transforms/preparation.ts'
export type { Preparation } from './transforms/preparation.ts'
export { definitionDigest, requireView } from './views/feature-view.ts'
export type { ViewsConfig } from './views/feature-view.ts'
export { featureMigrations } from './tables.ts'

export function createFeaturesStage(options: FeaturesServiceOptions): {
  readonly service: FeaturesService
  readonly stage: Stage
} {
  const service = createFeaturesService(options)
  return {
    service,
    stage: {
      name: 'features',
      routes: routesOf('features', featuresContract, featuresHandlers(service)),
      // The versions of datasets that were split, and those whose latest values are looked up.
      heldDigests: () =>
        digestsIn(options.platform.database, [
          { table: 'splits', key: ['id'], columns: ['source_digest', 'record'] },
          { table: 'feature_materializations', key: ['view', 'version'], columns: ['source_digest'] },
        ]),
    },
  }
}
