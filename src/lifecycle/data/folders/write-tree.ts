import type { BlobStore, Digest } from '#platform/blobs/index'
import type { FileTree } from '../versions/dataset-version.ts'
import { nodeText } from './tree-node.ts'
import type { PackReader } from './tree-pack.ts'
import { createPackWriter } from './tree-pack.ts'
import { workingEntries, type WorkingDirectories, type WorkingDirectory } from './working-directory.ts'

/** A version that needs more packs than this gets one of its own instead, so that reading it stays short. */
const mostPacks = 16

export interface TreeToWrite {
  readonly root: Digest
  /** Every directory has its digest. */
  readonly directories: WorkingDirectories
  /** The packs of the version before. */
  readonly before: PackReader | undefined
  /** Hears of every directory that is not in the version before. */
  readonly onNew?: (directory: WorkingDirectory) => void
}

/** Stores the lists of files that the version before does not have, and says which packs the version needs. */
export async function writeTree(
  blobs: Pick<BlobStore, 'put'>,
  { root, directories, before, onNew }: TreeToWrite,
): Promise<FileTree> {
  const kept = new Set<Digest>()
  const fresh: WorkingDirectory[] = []
  const filled = [...directories.values()].filter(({ node }) => node !== undefined && node.files > 0)
  for (const directory of filled) {
    const pack = directory.node === undefined ? undefined : before?.packOf(directory.node.digest)
    if (pack === undefined) {
      fresh.push(directory)
      onNew?.(directory)
    } else kept.add(pack)
  }
  const together = kept.size >= mostPacks
  const writer = createPackWriter(blobs)
  const written = new Set<Digest>()
  for (const directory of together ? filled : fresh) {
    const { digest } = directory.node ?? { digest: root }
    if (written.has(digest)) continue
    written.add(digest)
    await writer.add(digest, nodeText(workingEntries(directories, directory)))
  }
  const added = await writer.end()
  return { root, packs: together ? added : [...kept, ...added] }
}
