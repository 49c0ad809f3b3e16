export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

/** A long operation, kept in the store: it survives the process, runs again where it was cut off, and tells its progress. */
export interface Job {
  readonly id: string
  readonly kind: string
  /** At most one unfinished job of a kind has the same key; asking again answers the one that is there. */
  readonly key: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly state: JobState
  readonly actor: string
  readonly attempts: number
  readonly createdAt: number
  readonly finishedAt: number | undefined
  readonly error: string | undefined
  /** What it last said about itself: how far it is, and at the end what it did. */
  readonly progress: Readonly<Record<string, unknown>> | undefined
}
