import { createDigestSet, reclaimBlobs, type Digest, type ReclaimedBlobs } from '#platform/blobs/index'
import { digestsIn } from '#platform/held-digests'
import type { Platform, Stage } from '#platform/platform'

export interface ReclaimRequest {
  /** Epoch milliseconds: bytes that were stored before and that nobody names go. */
  readonly before: number
  readonly dryRun: boolean
  readonly signal: AbortSignal
  /** What one stage is to be taken to hold, instead of what it holds now. */
  readonly instead?: { readonly stage: string; readonly held: () => AsyncIterable<Digest> }
}

export type Reclaim = (request: ReclaimRequest) => Promise<ReclaimedBlobs>

interface ReclaimDependencies {
  readonly platform: Pick<Platform, 'database' | 'blobs' | 'files'>
  /** All stages: each says which bytes it names. */
  readonly stages: () => readonly Stage[]
}

/**
 * Removes the bytes that nobody names any more, of the whole store. First the store of files forgets those that nobody
 * names, which leaves their blocks without a name; then blobs go. Both spare what is young: it may be about to be named.
 */
export function createReclaim({ platform, stages }: ReclaimDependencies): Reclaim {
  const { database, blobs, files } = platform

  const named = async function* (instead: ReclaimRequest['instead']): AsyncIterable<Digest> {
    yield* digestsIn(database, [{ table: 'jobs', key: ['id'], columns: ['payload'] }])
    for (const { name, heldDigests } of stages()) {
      if (instead?.stage === name) yield* instead.held()
      else if (heldDigests !== undefined) yield* heldDigests()
    }
  }

  return async ({ before, dryRun, signal, instead }) => {
    const held = createDigestSet()
    for await (const digest of files.withBlocks(named(instead))) {
      signal.throwIfAborted()
      held.add(digest)
    }
    if (!dryRun) {
      await files.forget((digest) => held.has(digest), { before })
      // Files that were too young to be forgotten, and those that were stored meanwhile.
      for await (const digest of digestsIn(database, [
        { table: 'stored_files', key: ['digest'], columns: ['layout'] },
      ])) {
        held.add(digest)
      }
    }
    return reclaimBlobs(blobs, held, { before, signal, dryRun })
  }
}
