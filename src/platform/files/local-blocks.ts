import type { BlobStore, Digest } from '../blobs/index.ts'
import { blocksOfLayout } from './layout-text.ts'

/** How many blocks are fetched at once. */
const atOnce = 4

/** The local files of the blocks that layouts name. @throws not_found when one is missing */
export async function localBlocks(
  layouts: Iterable<string>,
  blobs: Pick<BlobStore, 'localPath'>,
): Promise<Map<Digest, string>> {
  const wanted = new Set<Digest>()
  for (const layout of layouts) for (const block of blocksOfLayout(layout)) wanted.add(block)
  const paths = new Map<Digest, string>()
  const next = wanted.values()
  const fetchSome = async (): Promise<void> => {
    for (const block of next) paths.set(block, await blobs.localPath(block))
  }
  await Promise.all(Array.from({ length: atOnce }, fetchSome))
  return paths
}
