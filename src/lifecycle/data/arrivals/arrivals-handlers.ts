import type { Handlers } from '#contract/endpoint'
import type { arrivalsCalls } from './arrivals-calls.ts'
import type { ArrivalsService } from './arrivals-service.ts'

export function arrivalsHandlers(service: ArrivalsService): Handlers<typeof arrivalsCalls> {
  return {
    upload: ({ name, file }, { caller, body, signal }) =>
      service.receive(name, { file, body, signal }, caller),
    rowsFile: ({ name, version }) => service.rowsFile(name, version),
    quarantine: ({ name, ...asked }) => service.quarantine(name, asked),
    release: ({ name, version }, { caller }) => service.release(name, { version }, caller),
  }
}
