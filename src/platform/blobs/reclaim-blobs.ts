import type { BlobStore, Digest } from './blob-store.ts'
import { createDigestSet, type DigestSet } from './digest-set.ts'

export interface ReclaimedBlobs {
  /** How many digests are named. */
  readonly held: number
  readonly removed: number
  readonly removedBytes: number
  /** Named by nobody, and too young: they may be about to be named. */
  readonly young: number
  readonly youngBytes: number
}

/**
 * Removes bytes that nobody names and that were stored before `before`. All who may name bytes are asked first; bytes that
 * are stored meanwhile are young, and bytes that are named meanwhile were stored or renewed just before.
 */
export async function reclaimBlobs(
  blobs: Pick<BlobStore, 'list' | 'removeOlder'>,
  held: AsyncIterable<Digest> | DigestSet,
  {
    before,
    signal,
    dryRun = false,
  }: { readonly before: number; readonly signal: AbortSignal; readonly dryRun?: boolean },
): Promise<ReclaimedBlobs> {
  const named = 'has' in held ? held : await setOf(held)
  const counts = { removed: 0, removedBytes: 0, young: 0, youngBytes: 0 }
  for await (const { digest, sizeBytes, changedAt } of blobs.list()) {
    signal.throwIfAborted()
    if (named.has(digest)) continue
    const old = changedAt < before
    if (old && (dryRun || (await blobs.removeOlder(digest, before)))) {
      counts.removed += 1
      counts.removedBytes += sizeBytes
    } else {
      counts.young += 1
      counts.youngBytes += sizeBytes
    }
  }
  return { held: named.size, ...counts }
}

async function setOf(digests: AsyncIterable<Digest>): Promise<DigestSet> {
  const set = createDigestSet()
  for await (const digest of digests) set.add(digest)
  return set
}
