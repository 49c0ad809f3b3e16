import type { Audit } from './audit/audit.ts'
import type { BlobStore, Digest } from './blobs/index.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { Database } from './database/index.ts'
import type { Route } from './dispatch.ts'
import type { Events, Subscription } from './events.ts'
import type { FileStore } from './files/index.ts'
import type { JobKind, Jobs } from './jobs/index.ts'
import type { Log } from './log.ts'

/** What every stage stands on. Composition makes one and hands it to each stage. */
export interface Platform {
  readonly config: Config
  readonly database: Database
  readonly blobs: BlobStore
  readonly files: FileStore
  readonly events: Events
  readonly jobs: Jobs
  readonly audit: Audit
  readonly clock: Clock
  readonly log: Log
}

/** What a stage gives to the doors (server, command line): calls it answers, work it does, news it listens to. */
export interface Stage {
  readonly name: string
  readonly routes: readonly Route[]
  readonly jobKinds?: readonly JobKind[]
  readonly subscriptions?: readonly Subscription[]
  /** Every digest whose bytes the stage has named; what no stage names is reclaimed. Too many is safe, one too few is not. */
  readonly heldDigests?: () => AsyncIterable<Digest>
}
