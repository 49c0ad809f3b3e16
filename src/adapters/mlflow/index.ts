import type { Dispatch } from '#platform/dispatch'
import type { Door } from '#platform/door'
import type { Log } from '#platform/log'
import { artifactDoor } from './artifact-door.ts'
import { mlflowCalls, type MlflowServices } from './calls/index.ts'
import { createMlflowDoor } from './door.ts'
import { versionNumber } from './registry-fields.ts'

/** The release of MLflow whose protocol is spoken; its clients ask before they use what is new. */
const protocolVersion = '3.17.0'

export interface MlflowDependencies extends MlflowServices {
  readonly dispatch: Dispatch
  readonly log: Log
}

export function mlflowDoor({ dispatch, log, ...services }: MlflowDependencies): Door {
  const { tracking, registry } = services
  return createMlflowDoor({
    calls: mlflowCalls(services),
    bytes: [
      artifactDoor({
        tracking,
        dispatch,
        versionUri: (model, version) => registry.downloadUri({ model, version: versionNumber(version) }),
      }),
    ],
    dispatch,
    log,
    version: protocolVersion,
  })
}
