import type { Handlers } from '#contract/endpoint'
import type { inferenceCalls } from './inference-calls.ts'
import type { Inference } from './inference-service.ts'

export function inferenceHandlers(inference: Inference): Handlers<typeof inferenceCalls> {
  return {
    inferSuite: ({ name, version }) => inference.propose(name, version),
    correctSuite: ({ name, paths }, { caller }) => inference.correct(name, paths, caller),
  }
}
