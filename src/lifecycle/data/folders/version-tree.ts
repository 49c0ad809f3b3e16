import type { Platform } from '#platform/platform'
import type { FileTree } from '../versions/dataset-version.ts'
import { openTree, type StoredTree } from './tree.ts'

/** The files of a version; none of a table, which a dataset may have been before. */
export async function treeOf(
  version: { readonly tree: FileTree | null } | undefined,
  { blobs }: Pick<Platform, 'blobs'>,
): Promise<StoredTree | undefined> {
  return version === undefined || version.tree === null ? undefined : openTree(blobs, version.tree)
}
