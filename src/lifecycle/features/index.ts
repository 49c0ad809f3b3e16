import { routesOf } from '#platform/dispatch'
import type { Stage } from '#platform/platform'
import { featuresContract } from './contract.ts'
import { featuresHandlers } from './handlers.ts'
import { createFeaturesService, type FeaturesService, type FeaturesServiceOptions } from './service.ts'

export { joinForm, joinStep } from './joins/join-step.ts'
export { featuresSection, splitsSection } from './section.ts'
export type { FeatureProject, FeaturesService, FeaturesServiceOptions } from './service.ts'
export { splitForm, splitStep } from './splits/split-step.ts'
export { featureMigrations } from './tables.ts'

export function createFeaturesStage(options: FeaturesServiceOptions): {
  readonly service: FeaturesService
  readonly stage: Stage
} {
  const service = createFeaturesService(options)
  return {
    service,
    stage: { name: 'features', routes: routesOf('features', featuresContract, featuresHandlers(service)) },
  }
}
