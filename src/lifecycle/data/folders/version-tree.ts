import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { DatasetVersion, FileTree } from '../versions/dataset-version.ts'
import { openTree, type StoredTree } from './tree.ts'

/** @throws invalid_input for a version that is a table. */
export function requireTree(version: DatasetVersion): FileTree {
  if (version.tree !== null) return version.tree
  const { dataset, version: number } = version
  return fail('invalid_input', `${dataset}@${number} is a table, not a folder of files.`, { at: dataset })
}

/** The files of a version; none of a table, which a dataset may have been before. */
export async function treeOf(
  version: { readonly tree: FileTree | null } | undefined,
  { blobs }: Pick<Platform, 'blobs'>,
): Promise<StoredTree | undefined> {
  return version === undefined || version.tree === null ? undefined : openTree(blobs, version.tree)
}
