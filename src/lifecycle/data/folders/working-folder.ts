import { statSync } from 'node:fs'
import type { FolderSource } from './folder-source.ts'
import { hashFiles } from './hash-files.ts'
import { scanFolder, type ScannedFolder } from './scan-folder.ts'
import { readStatCache, saveStatCache, statCachePath } from './stat-cache.ts'
import type { NodeSummary } from './tree-node.ts'
import type { Tree } from './tree.ts'
import { statNumbers, summarise, workingTree } from './working-directory.ts'

/** A folder as it is on the disk now. */
export interface WorkingFolder extends ScannedFolder {
  /** Absolute, and no link. */
  readonly root: string
  /** The first of these files that is not as it was when the folder was looked at. */
  changedSince(paths: readonly string[]): string | undefined
  /** Keeps what is known of it for the next command. */
  save(): Promise<void>
}

export interface WorkingFolderRequest {
  readonly root: string
  readonly source: Pick<FolderSource, 'exclude' | 'links'>
  /** Where the store is; undefined: nothing is remembered of the folder. */
  readonly home: string | undefined
  /** Absolute paths in it that are nobody's data. */
  readonly hidden: readonly string[]
  readonly signal?: AbortSignal | undefined
}

export async function openWorkingFolder(request: WorkingFolderRequest): Promise<WorkingFolder> {
  const { root, source, home } = request
  const cache = home === undefined ? undefined : statCachePath(home, root, source)
  const known = cache === undefined ? new Map() : await readStatCache(cache)
  const scanned = await scanFolder({ ...request, known })
  return {
    ...scanned,
    root,
    changedSince: (paths) => paths.find(changedFile(root, scanned)),
    save: async () => {
      if (cache !== undefined) await saveStatCache(cache, root, scanned.directories)
    },
  }
}

function changedFile(root: string, { directories }: ScannedFolder): (path: string) => boolean {
  const places = new Map<string, ReadonlyMap<string, number>>()
  return (path) => {
    const slash = path.lastIndexOf('/')
    const directory = directories.get(path.slice(0, Math.max(0, slash)))
    if (directory === undefined) return true
    let indexes = places.get(directory.path)
    if (indexes === undefined) {
      indexes = new Map(directory.names.map((name, index) => [name, index]))
      places.set(directory.path, indexes)
    }
    const at = (indexes.get(path.slice(slash + 1)) ?? 0) * statNumbers
    const found = statSync(`${root}/${path}`, { bigint: true, throwIfNoEntry: false })
    const [inode, size, changed] = directory.stats.subarray(at, at + 3)
    return found?.ino !== inode || found?.size !== size || found?.mtimeNs !== changed
  }
}

/** Reads what has changed, and answers the folder as a tree. */
export async function readWorkingTree(
  folder: WorkingFolder,
  signal?: AbortSignal,
): Promise<{ tree: Tree; summary: NodeSummary }> {
  await hashFiles(folder.root, folder.unhashed, signal)
  const summary = await summarise(folder.directories)
  if (folder.changed) await folder.save()
  return { tree: workingTree(folder.directories, summary.digest), summary }
}
