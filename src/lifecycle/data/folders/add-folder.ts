import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { codeVersionOf } from '#platform/code-version'
import type { StoreProgress } from '#platform/files/index'
import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import { outcomeOf } from '../checks/validation.ts'
import {
  summaryOf,
  type AddResult,
  type DatasetVersion,
  type ProducedBy,
} from '../versions/dataset-version.ts'
import type { DataStore } from '../store.ts'
import { baseVersion } from './base-version.ts'
import { compareTrees, countChanges } from './compare-trees.ts'
import type { FolderSource } from './folder-source.ts'
import { createWarningList } from './folder-warnings.ts'
import { hiddenPlaces } from './hidden-places.ts'
import { locateFolder } from './locate-folder.ts'
import { storeFiles, unstoredFiles } from './store-files.ts'
import type { StoredTree } from './tree.ts'
import type { NodeSummary } from './tree-node.ts'
import { summarise, workingEntries, workingTree } from './working-directory.ts'
import { treeOf } from './version-tree.ts'
import { openWorkingFolder, type WorkingFolder } from './working-folder.ts'
import { writeTree } from './write-tree.ts'
import { pointerFolder } from '../pointers/pointer-file.ts'

export interface AddFolderRequest {
  readonly dataset: string
  readonly source: FolderSource
  readonly project: DataProject
  readonly caller: Pick<Caller, 'name'>
  /** Where the files are, instead of in the folder of the source; absolute. */
  readonly place?: string | undefined
  readonly producedBy?: ProducedBy | undefined
  readonly signal?: AbortSignal | undefined
  readonly report?: ((progress: StoreProgress) => void) | undefined
}

interface Dependencies {
  readonly platform: Platform
  readonly store: DataStore
}

/**
 * Makes a version of a folder as it is now. What was added before and has not changed is neither read nor written; bytes
 * and lists are stored before the version gets its number, so that a process that is killed leaves nothing half.
 */
export async function addFolder(
  request: AddFolderRequest,
  { platform, store }: Dependencies,
): Promise<Omit<AddResult, 'durationMs'>> {
  const { dataset, source, project, signal } = request
  const { home } = platform.config
  const root = request.place ?? (await locateFolder(source.folder, project.directory))
  if (root === undefined) noFiles(source.folder, project.directory)
  const { parent, newest, pointed } = await versionsBefore(request, { platform, store })
  const folder = await openWorkingFolder({
    root,
    source,
    // A place that is gone afterwards need not be known again.
    home: request.place === undefined ? home : undefined,
    hidden: hiddenPlaces(home, project),
    signal,
  })
  await storeFiles(platform.files, { root, wanted: folder.unhashed }, request)
  await using before = await treeOf(parent, platform)
  const first = await summarise(folder.directories)
  if (first.files === 0) noFiles(source.folder, project.directory)
  const wanted = await unstoredFiles(folder, before, platform.files)
  await storeFiles(platform.files, { root, wanted }, request)
  const summary = wanted.length === 0 ? first : await summarise(folder.directories)
  if (folder.changed || wanted.length > 0) await folder.save()
  const same = [pointed, newest].find((version) => version?.digest === summary.digest)
  if (same !== undefined) {
    const arrivals = [{ paths: [source.folder], state: 'known' as const }]
    return { dataset, version: summaryOf(same), created: false, arrivals }
  }
  const created = await createFolderVersion(
    { request, parent, newest, before, folder, summary },
    { platform, store },
  )
  return {
    dataset,
    version: summaryOf(created),
    created: true,
    changes:
      before === undefined
        ? { added: summary.files, modified: 0, deleted: 0 }
        : await countChanges(compareTrees(before, workingTree(folder.directories, summary.digest))),
    arrivals: [{ paths: [source.folder], state: 'accepted', validation: created.validation }],
  }
}

/**
 * What a folder was made from: on a branch of the code that stays with an older version that one, and not what another
 * branch has added since. Numbers go on from the newest all the same. Without Git the newest counts, so that adding an
 * older version again is how to go back to it.
 */
async function versionsBefore(
  { dataset, place, project }: AddFolderRequest,
  dependencies: Dependencies,
): Promise<Record<'parent' | 'newest' | 'pointed', DatasetVersion | undefined>> {
  const newest = await dependencies.store.version(dataset, 'latest')
  if (place !== undefined) return { parent: newest, newest, pointed: undefined }
  const { version, by } = await baseVersion(dataset, { ...dependencies, project })
  return { parent: version ?? newest, newest, pointed: by === 'pointer' ? version : undefined }
}

interface Making {
  readonly request: AddFolderRequest
  readonly parent: DatasetVersion | undefined
  readonly newest: DatasetVersion | undefined
  readonly before: StoredTree | undefined
  readonly folder: WorkingFolder
  readonly summary: NodeSummary
}

async function createFolderVersion(
  { request, parent, newest, before, folder, summary }: Making,
  { platform, store }: Dependencies,
): Promise<DatasetVersion> {
  const { directories, emptyDirectories } = folder
  const warnings = createWarningList()
  const tree = await writeTree(platform.blobs, {
    root: summary.digest,
    directories,
    before: before?.packs,
    onNew: (directory) => warnings.look(directory.path, workingEntries(directories, directory)),
  })
  const risky = warnings.all()
  const noticed = [...risky]
  if (emptyDirectories > 0) {
    noticed.push(`${emptyDirectories} empty folder${emptyDirectories === 1 ? ' is' : 's are'} left out.`)
  }
  const profile = new TextEncoder().encode(JSON.stringify({ rows: 0, columns: [] }))
  return store.addVersion({
    dataset: request.dataset,
    kind: 'folder',
    digest: summary.digest,
    tree,
    files: summary.files,
    rows: 0,
    sizeBytes: summary.sizeBytes,
    parent: parent?.version ?? null,
    newest: newest?.version,
    columns: [],
    parts: [],
    source: { kind: 'folder', folder: request.source.folder },
    validation: { outcome: outcomeOf([], risky), rows: 0, checks: [], warnings: noticed },
    profileDigest: (await platform.blobs.put(profile)).digest,
    code:
      (await codeVersionOf(request.project.directory, { newFiles: 'ignore', except: [pointerFolder] })) ??
      null,
    createdAt: platform.clock.now(),
    createdBy: request.caller.name,
    ...(request.producedBy && { producedBy: request.producedBy }),
  })
}

function noFiles(folder: string, directory: string): never {
  return fail('not_found', `There is no file in ${folder}.`, {
    hint: `It is looked for in ${directory}; put the files there.`,
    at: folder,
  })
}
