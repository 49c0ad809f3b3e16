import { routesOf } from '#platform/dispatch'
import { digestsIn } from '#platform/held-digests'
import type { Stage } from '#platform/platform'
import { dataContract } from './contract.ts'
import { dataHandlers } from './handlers.ts'
import { createDataService, type DataService, type DataServiceOptions } from './service.ts'

export { profileFrame, tableProfileSchema } from './profiles/column-profile.ts'
export type {
  CategoryProfile,
  ColumnProfile,
  NumberProfile,
  TableProfile,
} from './profiles/column-profile.ts'
export { mergeProfiles } from './profiles/merge-profiles.ts'
export { dataSection } from './section.ts'
export type { DataService } from './service.ts'
export { dataMigrations } from './tables.ts'

export function createDataStage(options: DataServiceOptions): {
  readonly service: DataService
  readonly stage: Stage
} {
  const service = createDataService(options)
  return {
    service,
    stage: {
      name: 'data',
      routes: routesOf('data', dataContract, dataHandlers(service)),
      heldDigests: () =>
        digestsIn(options.platform.database, [
          {
            table: 'dataset_versions',
            key: ['dataset', 'version'],
            columns: ['digest', 'manifest', 'profile_digest', 'validation'],
          },
          { table: 'dataset_downloads', key: ['dataset', 'url'], columns: ['digest'] },
        ]),
    },
  }
}

/** Datasets as pipelines look for them. */
export function datasetPoint({ resolve, open }: DataService) {
  return { resolveDataset: resolve, openDataset: open }
}
