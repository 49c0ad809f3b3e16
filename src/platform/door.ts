import type { Caller } from '#contract/endpoint'

/** A request to a door, as HTTP brought it. */
export interface DoorRequest {
  readonly method: string
  /** As it was sent: not decoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  header(name: string): string | undefined
  /** To be read once, by chunks as they arrive. */
  readonly body: AsyncIterable<Uint8Array>
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  /** Who is calling; fails with `unauthenticated`. */
  caller(): Caller
}

export interface DoorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A stream that fails cuts the connection, so that the client does not take a part for the whole. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>
}

/**
 * Another protocol that the server speaks beside its own calls, such as MLflow's. The server guards it and counts its
 * requests; the door reads the bodies, answers errors in the words of its protocol, and hands every call to the
 * dispatcher, which checks the permission and keeps the audit record.
 */
export interface Door {
  readonly name: string
  /** Whether the path belongs to this protocol. */
  opens(path: string): boolean
  /** Never fails: an error is an answer too. */
  answer(request: DoorRequest): Promise<DoorAnswer>
}
