import { setTimeout as pause } from 'node:timers/promises'
import { DevmlopsError, fail } from '#contract/errors'
import { verified, type BlobStore, type Digest } from '#platform/blobs/index'
import type { Remote, VersionPlace } from './remote.ts'

const attempts = 4
const firstPauseMs = 200

interface Fetching {
  readonly digest: Digest
  readonly place: VersionPlace
  readonly remote: Pick<Remote, 'read' | 'name'>
  /** When it is known, a line that breaks is taken up where it broke. */
  readonly sizeBytes?: number | undefined
  readonly onReceived?: (bytes: number) => void
  readonly signal: AbortSignal
}

/** Stores a blob of a remote here, if it has the bytes that its digest promises. */
export async function fetchBlob(fetching: Fetching, blobs: Pick<BlobStore, 'put'>): Promise<void> {
  await blobs.put(verified(withoutBreaks(fetching), fetching.digest))
}

async function* withoutBreaks({
  digest,
  place,
  remote,
  sizeBytes,
  onReceived,
  signal,
}: Fetching): AsyncIterable<Uint8Array> {
  let received = 0
  for (let attempt = 1; ; attempt++) {
    try {
      const range =
        received === 0 || sizeBytes === undefined ? undefined : { first: received, last: sizeBytes - 1 }
      const body =
        (await remote.read(digest, place, range)) ??
        fail(
          'not_found',
          `${remote.name} has lost the bytes ${digest} of ${place.dataset}@${place.version}.`,
          {
            hint: 'Push the version to it again from where it is whole.',
          },
        )
      for await (const chunk of body) {
        signal.throwIfAborted()
        received += chunk.byteLength
        onReceived?.(chunk.byteLength)
        yield chunk
      }
      return
    } catch (error) {
      signal.throwIfAborted()
      const resumable = received === 0 || (sizeBytes !== undefined && received < sizeBytes)
      if (error instanceof DevmlopsError || attempt === attempts || !resumable) throw explained(error, remote)
      await pause(firstPauseMs * 2 ** (attempt - 1))
    }
  }
}

function explained(error: unknown, { name }: Pick<Remote, 'name'>): unknown {
  if (error instanceof DevmlopsError) return error
  return new DevmlopsError('server_unreachable', `The line to ${name} broke.`, {
    hint: 'Run the command again: what has come is kept.',
    cause: error,
  })
}
