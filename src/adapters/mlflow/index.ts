import { fail } from '#contract/errors'
import type { Dispatch } from '#platform/dispatch'
import type { Door } from '#platform/door'
import type { Log } from '#platform/log'
import { artifactDoor } from './artifact-door.ts'
import { mlflowCalls, type MlflowServices } from './calls/index.ts'
import { createMlflowDoor } from './door.ts'

/** The release of MLflow whose protocol is spoken; its clients ask before they use what is new. */
const protocolVersion = '3.17.0'

export interface MlflowDependencies extends MlflowServices {
  readonly dispatch: Dispatch
  readonly log: Log
}

export function mlflowDoor({ dispatch, log, ...services }: MlflowDependencies): Door {
  return createMlflowDoor({
    calls: mlflowCalls(services),
    bytes: [artifactDoor({ tracking: services.tracking, dispatch, versionFolder: noVersions })],
    dispatch,
    log,
    version: protocolVersion,
  })
}

const noVersions = async (name: string, version: string): Promise<string> =>
  fail('not_found', `There is no version ${version} of "${name}".`)
