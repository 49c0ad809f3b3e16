import { routesOf } from '#platform/dispatch'
import { late } from '#platform/late'
import type { Digest } from '#platform/blobs/index'
import type { Stage } from '#platform/platform'
import { arrivalsCalls } from './arrivals/arrivals-calls.ts'
import { arrivalsHandlers } from './arrivals/arrivals-handlers.ts'
import { createWatcher, type Watcher } from './arrivals/watch-sources.ts'
import { dataContract } from './contract.ts'
import { dataHandlers } from './handlers.ts'
import { heldDigests } from './held-digests.ts'
import { inferenceCalls } from './inference/inference-calls.ts'
import { inferenceHandlers } from './inference/inference-handlers.ts'
import { failuresCalls } from './checks/failures/failures-calls.ts'
import { failuresHandlers } from './checks/failures/failures-handlers.ts'
import { leakageCalls } from './leakage/leakage-calls.ts'
import { profileCalls } from './profiles/profile-calls.ts'
import { createRemotes } from './remotes/create-remotes.ts'
import { garbageOf, isMasked, type GarbagePoint } from './remotes/garbage-point.ts'
import { remoteCalls } from './remotes/remote-calls.ts'
import { remotesHandlers } from './remotes/remotes-handlers.ts'
import { taskCalls } from './remotes/task-calls.ts'
import { createDataService, type DataService, type DataServiceOptions } from './service.ts'
import { createDataStore } from './store.ts'

export { profileFrame, tableProfileSchema } from './profiles/column-profile.ts'
export type {
  CategoryProfile,
  ColumnProfile,
  NumberProfile,
  TableProfile,
} from './profiles/column-profile.ts'
export { mergeProfiles } from './profiles/merge-profiles.ts'
export { pointerFolder } from './pointers/pointer-file.ts'
export { createMaskingKey } from './personal/masking-key.ts'
export type { GarbagePoint } from './remotes/garbage-point.ts'
export { namedInText, type NamedVersion } from './remotes/named-version.ts'
export { remotesSection } from './remotes/remotes-section.ts'
export { dataSection } from './section.ts'
export type { DataService } from './service.ts'
export { dataMigrations } from './tables.ts'

export interface DataStageOptions extends DataServiceOptions {
  /** Undefined: nothing can be collected, because nobody says who names versions. */
  readonly garbage?: GarbagePoint
}

export function createDataStage({ garbage, ...options }: DataStageOptions): {
  readonly service: DataService
  readonly stage: Stage
  /** Looks for what is new in sources that are watched; runs while somebody starts it. */
  readonly watcher: Watcher
} {
  const { platform, project } = options
  const service = createDataService(options)
  const store = createDataStore(platform.database)
  const tools = { platform, project, service, store }
  const failures = late(async () => {
    const { createFailuresService } = await import('./checks/failures/failures-service.ts')
    return createFailuresService({ ...tools, version: service.get })
  })
  const watcher = createWatcher(tools)
  const arrivals = late(async () => (await import('./arrivals/arrivals-service.ts')).createArrivals(tools))
  const inference = late(async () =>
    (await import('./inference/inference-service.ts')).createInference(tools),
  )
  const leakage = late(async () => (await import('./leakage/leakage-service.ts')).createLeakage(tools))
  const profileSums = late(async () => (await import('./profiles/profile-sums.ts')).createProfileSums(tools))
  const held = (versions: AsyncIterable<Digest>): AsyncIterable<Digest> =>
    heldDigests(platform.database, versions)
  const remotes = createRemotes({
    platform,
    project,
    store,
    isMasked: isMasked({ platform, project }),
    ...garbageOf(garbage, { platform, held, directory: async () => (await project()).directory }),
  })
  return {
    service,
    watcher,
    stage: {
      name: 'data',
      routes: [
        ...routesOf('data', dataContract, dataHandlers(service)),
        ...routesOf('data', arrivalsCalls, arrivalsHandlers(arrivals)),
        ...routesOf('data', failuresCalls, failuresHandlers(failures)),
        ...routesOf('data', inferenceCalls, inferenceHandlers(inference)),
        ...routesOf('data', profileCalls, {
          profileSum: ({ name, from, to }) => profileSums.between(name, from, to),
        }),
        ...routesOf('data', leakageCalls, {
          leakage: (request, { caller }) => leakage.find(request, caller),
        }),
        ...routesOf('data', { ...remoteCalls, ...taskCalls }, remotesHandlers(remotes)),
      ],
      jobKinds: [...remotes.jobKinds, watcher.jobKind],
      heldDigests: () => held(remotes.heldDigests()),
    },
  }
}

/** Datasets as pipelines look for them. */
export function datasetPoint({ resolve, open }: DataService) {
  return { resolveDataset: resolve, openDataset: open }
}
