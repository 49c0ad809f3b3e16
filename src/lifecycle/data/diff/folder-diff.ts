import type { Platform } from '#platform/platform'
import { compareTrees } from '../folders/compare-trees.ts'
import { treeOf } from '../folders/version-tree.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { FileDiff, FileItem } from './file-changes.ts'

const listedFiles = 200
/** Files whose names are kept to find renamed ones; beyond these, gone and new ones stay what they are. */
const rememberedFiles = 200_000

/** Files of two folder versions. Directories with the same digest are not looked into. */
export async function diffFolders(
  from: DatasetVersion,
  to: DatasetVersion,
  platform: Platform,
): Promise<FileDiff> {
  const gone: { path: string; digest: string; size: number }[] = []
  const fresh: { path: string; digest: string; size: number }[] = []
  const modified: FileItem[] = []
  const counts = { added: 0, removed: 0, modified: 0, renamed: 0 }
  const sizeBytes = { added: 0, removed: 0 }
  for await (const { path, before, after } of compareTrees(
    await treeOf(from, platform),
    await treeOf(to, platform),
  )) {
    if (before !== undefined && after !== undefined) {
      counts.modified++
      if (modified.length < listedFiles) modified.push({ kind: 'modified', path })
      const grown = after.sizeBytes - before.sizeBytes
      sizeBytes[grown > 0 ? 'added' : 'removed'] += Math.abs(grown)
    } else if (before !== undefined) {
      counts.removed++
      sizeBytes.removed += before.sizeBytes
      if (gone.length < rememberedFiles) gone.push({ path, digest: before.digest, size: before.sizeBytes })
    } else if (after !== undefined) {
      counts.added++
      sizeBytes.added += after.sizeBytes
      if (fresh.length < rememberedFiles) fresh.push({ path, digest: after.digest, size: after.sizeBytes })
    }
  }
  const renamed = renamesIn(gone, fresh)
  for (const { size } of renamed.values()) {
    counts.added--
    counts.removed--
    counts.renamed++
    sizeBytes.added -= size
    sizeBytes.removed -= size
  }
  const moved = new Set([...renamed.values()].map(({ path }) => path))
  const items: FileItem[] = [
    ...modified,
    ...fresh.map(({ path }): FileItem => {
      const old = renamed.get(path)
      return old === undefined ? { kind: 'added', path } : { kind: 'renamed', path, from: old.path }
    }),
    ...gone.filter(({ path }) => !moved.has(path)).map(({ path }): FileItem => ({ kind: 'removed', path })),
  ]
  items.sort((a, b) => (a.path < b.path ? -1 : 1))
  return { ...counts, sizeBytes, items: items.slice(0, listedFiles) }
}

/** New files by path with the file of the same bytes that is gone, each used once. */
function renamesIn(
  gone: readonly { path: string; digest: string; size: number }[],
  fresh: readonly { path: string; digest: string; size: number }[],
): Map<string, { path: string; size: number }> {
  const byDigest = new Map<string, { path: string; size: number }[]>()
  for (const { path, digest, size } of [...gone].reverse()) {
    // An empty file has the bytes of every other empty file.
    if (size > 0) byDigest.set(digest, [...(byDigest.get(digest) ?? []), { path, size }])
  }
  const renamed = new Map<string, { path: string; size: number }>()
  for (const { path, digest } of fresh) {
    const old = byDigest.get(digest)?.pop()
    if (old !== undefined) renamed.set(path, old)
  }
  return renamed
}
