import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import type { DataStore } from '../store.ts'
import { baseVersion } from './base-version.ts'
import { compareTrees, kindOf } from './compare-trees.ts'
import { addPath, emptyPathLists, type DatasetStatus } from './dataset-status.ts'
import type { FolderSource } from './folder-source.ts'
import { hiddenPlaces } from './hidden-places.ts'
import { locateFolder } from './locate-folder.ts'
import { matchPatterns } from './name-patterns.ts'
import type { Tree } from './tree.ts'
import { treeOf } from './version-tree.ts'
import { openWorkingFolder, readWorkingTree } from './working-folder.ts'

export interface FolderStatusRequest {
  readonly dataset: string
  readonly source: FolderSource
  readonly project: DataProject
  /** Of each kind, how many paths are listed. */
  readonly limit: number
  readonly signal?: AbortSignal | undefined
}

interface Dependencies {
  readonly platform: Platform
  readonly store: DataStore
}

/** Compares a folder with its version. Only what has changed since it was looked at last is read. */
export async function folderStatus(
  request: FolderStatusRequest,
  { platform, store }: Dependencies,
): Promise<DatasetStatus> {
  const { dataset, source, project, limit } = request
  const base = await baseVersion(dataset, { platform, store, project })
  const newest = await store.versions(dataset, { limit: 1 })
  const working = await workingTreeOf(request, platform.config.home)
  const notes = [...base.notes]
  if (working === undefined) notes.push(`There is no folder ${source.folder}.`)
  const lists = emptyPathLists()
  const wanted = base.only.length === 0 ? () => true : matchPatterns(base.only)
  if (working?.root !== base.version?.digest) {
    await using before = await treeOf(base.version, platform)
    for await (const change of compareTrees(before, working)) {
      if (wanted(change.path)) addPath(lists[kindOf(change)], change.path, limit)
    }
  }
  const { added, modified, deleted } = lists
  const { version } = base
  return {
    dataset,
    kind: 'folder',
    place: source.folder,
    version: version === undefined ? null : { version: version.version, digest: version.digest },
    by: base.by,
    newest: newest[0]?.version ?? null,
    clean: base.notes.length === 0 && added.count + modified.count + deleted.count === 0,
    ...lists,
    only: [...base.only],
    notes,
  }
}

async function workingTreeOf(
  { source, project, signal }: FolderStatusRequest,
  home: string,
): Promise<Tree | undefined> {
  const root = await locateFolder(source.folder, project.directory)
  if (root === undefined) return undefined
  const folder = await openWorkingFolder({ root, source, home, hidden: hiddenPlaces(home, project), signal })
  const { tree, summary } = await readWorkingTree(folder, signal)
  return summary.files === 0 ? undefined : tree
}
