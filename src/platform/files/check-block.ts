import { setImmediate as takeTurns } from 'node:timers/promises'
import type { Digest } from '../blobs/index.ts'
import type { Segment } from './file-store.ts'
import type { TaskChannel } from './file-task.ts'
import { BlockReaders, readAheadEnds } from './read-block.ts'
import { isWhole } from './write-files.ts'

/** Reads chunks of one block, in the order of their offsets; answers which of them are not what they should be. */
export async function checkBlock(
  {
    path,
    block,
    segments,
  }: { readonly path: string; readonly block: Digest; readonly segments: readonly Omit<Segment, 'block'>[] },
  { signal }: TaskChannel,
): Promise<number[]> {
  const readers = new BlockReaders(new Map([[block, path]]))
  const full = segments.map((segment): Segment => ({ ...segment, block }))
  const ends = readAheadEnds(full)
  const damaged: number[] = []
  try {
    for (const [index, segment] of full.entries()) {
      if (!isWhole(segment, readers, ends[index])) damaged.push(index)
      if (index % 256 === 255) {
        signal.throwIfAborted()
        await takeTurns()
      }
    }
  } finally {
    readers.close()
  }
  return damaged
}
