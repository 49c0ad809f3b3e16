import { compareTrees } from './compare-trees.ts'
import type { Tree } from './tree.ts'

/**
 * The ones of these files that no version holds as they are: what would be lost. Versions are opened one after the other,
 * the likeliest first, and only as long as there is doubt.
 */
export async function unsavedFiles(
  touched: readonly string[],
  { working, versions }: { readonly working: Tree; readonly versions: AsyncIterable<Tree & AsyncDisposable> },
): Promise<string[]> {
  let doubtful = touched
  if (doubtful.length === 0) return []
  for await (const version of versions) {
    await using tree = version
    const other = new Set<string>()
    for await (const { path, after } of compareTrees(tree, working)) if (after !== undefined) other.add(path)
    doubtful = doubtful.filter((path) => other.has(path))
    if (doubtful.length === 0) return []
  }
  return [...doubtful]
}
