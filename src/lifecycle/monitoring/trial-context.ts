import type { ServingService } from '#lifecycle/serving/index'
import type { Platform } from '#platform/platform'
import type { PairScoring } from './score-both-ways.ts'

export type WatchedServing = Pick<ServingService, 'list' | 'get' | 'revisions' | 'rollouts'>

export interface TrialContext extends PairScoring {
  readonly deployment: string
  readonly serving: WatchedServing
  readonly platform: Platform
}
