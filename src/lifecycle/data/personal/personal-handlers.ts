import type { Handlers } from '#contract/endpoint'
import type { personalCalls } from './personal-calls.ts'
import type { PersonalService } from './personal-service.ts'

export function personalHandlers(personal: PersonalService): Handlers<typeof personalCalls> {
  return {
    classify: ({ name, version }) => personal.classify(name, version),
    unmaskedRows: ({ name, version, limit }) => personal.unmaskedRows(name, version, limit),
  }
}
