import type { Handlers } from '#contract/endpoint'
import type { failuresCalls } from './failures-calls.ts'
import type { FailuresService } from './failures-service.ts'

export function failuresHandlers(service: FailuresService): Handlers<typeof failuresCalls> {
  return {
    versionFailures: ({ name, version, ...asked }) => service.ofVersion(name, version, asked),
    rejectionFailures: ({ name, id, ...asked }) => service.ofRejection(name, id, asked),
  }
}
