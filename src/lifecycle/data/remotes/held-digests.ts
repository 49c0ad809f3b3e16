import type { BlobStore, Digest } from '#platform/blobs/index'
import { digestsInText } from '#platform/held-digests'
import { parseNode } from '../folders/tree-node.ts'
import { openTree } from '../folders/tree.ts'
import type { FileTree } from '../versions/dataset-version.ts'
import type { VersionPlace } from './remote.ts'
import type { VersionRows } from './version-rows.ts'

interface HeldDependencies {
  readonly rows: VersionRows
  readonly blobs: Pick<BlobStore, 'localPath'>
  /** Versions that are looked at as if they were gone already. */
  readonly without?: (place: VersionPlace) => boolean
}

/**
 * Everything that versions name: what stands in their rows, and the files in the lists of a folder's version. Versions that
 * were removed a short while ago still name theirs. Where the bytes of a file are, the store of files knows.
 *
 * @throws storage_corrupt, not_found when a list of files cannot be read: then nobody can tell what may go.
 */
export async function* heldByVersions({
  rows,
  blobs,
  without = () => false,
}: HeldDependencies): AsyncIterable<Digest> {
  // Most directories of a version are those of the version before.
  const seen = new Set<Digest>()
  for await (const { place, text, tree } of rows.held()) {
    if (without(place)) continue
    yield* digestsInText(text)
    if (tree !== null) yield* filesBelow(tree, blobs, seen)
  }
}

async function* filesBelow(
  tree: FileTree,
  blobs: Pick<BlobStore, 'localPath'>,
  seen: Set<Digest>,
): AsyncIterable<Digest> {
  if (seen.has(tree.root)) return
  await using opened = await openTree(blobs, tree)
  const directories = [tree.root]
  for (let node = directories.pop(); node !== undefined; node = directories.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    for (const entry of parseNode(await opened.packs.text(node))) {
      if (entry.kind === 'file') yield entry.digest
      else directories.push(entry.digest)
    }
  }
}
