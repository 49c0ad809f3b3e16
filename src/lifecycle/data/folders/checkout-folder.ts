import { mkdir, realpath } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import type { DataStore } from '../store.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { CheckoutResult } from './checkout-result.ts'
import { compareTrees } from './compare-trees.ts'
import type { FolderSource } from './folder-source.ts'
import { hiddenPlaces } from './hidden-places.ts'
import { matchPatterns } from './name-patterns.ts'
import { replaceFiles, type FileToPlace } from './replace-files.ts'
import { scanFolder } from './scan-folder.ts'
import { saveStatCache, statCachePath } from './stat-cache.ts'
import { joinPath } from './tree-path.ts'
import { openTree, type StoredTree, type Tree } from './tree.ts'
import { unsavedFiles } from './unsaved-files.ts'
import { requireTree } from './version-tree.ts'
import type { ProgressReport } from './work-progress.ts'
import { hasDigest, setDigest, summarise } from './working-directory.ts'
import { openWorkingFolder, readWorkingTree, type WorkingFolder } from './working-folder.ts'

export interface CheckoutFolderRequest {
  readonly version: DatasetVersion
  /** Absolute. */
  readonly place: string
  readonly source: Pick<FolderSource, 'exclude' | 'links'>
  readonly project: Pick<DataProject, 'directory'>
  /** Patterns; all files when empty. */
  readonly only: readonly string[]
  /** Files that no version holds may be lost. */
  readonly force: boolean
  /** What the folder was made from, if that is known: where its files are looked for first. */
  readonly base: DatasetVersion | undefined
  readonly signal?: AbortSignal | undefined
  readonly report?: ProgressReport | undefined
}

interface Dependencies {
  readonly platform: Platform
  readonly store: DataStore
}

/** So many are named in the error. */
const mostNamed = 10

/**
 * Makes a folder what a version says. Files that are as they should be are not touched, so that running it again goes on
 * where it was stopped; a file that no version holds as it is, is not lost unless that is asked for.
 */
export async function checkoutFolder(
  request: CheckoutFolderRequest,
  { platform, store }: Dependencies,
): Promise<CheckoutResult> {
  const { version, source, signal } = request
  const { home } = platform.config
  await mkdir(request.place, { recursive: true })
  const root = await realpath(request.place)
  const hidden = hiddenPlaces(home, request.project)
  const folder = await openWorkingFolder({ root, source, home, hidden, signal })
  for (const partial of folder.partials) rmSync(`${root}/${partial}`, { force: true })
  const { tree: working } = await readWorkingTree(folder, signal)
  await using target = await openTree(platform.blobs, requireTree(version))
  const plan = await planOf(working, target, request.only)
  if (!request.force) {
    const unsaved = await unsavedFiles(plan.touched, {
      working,
      versions: treesOf(request, { platform, store }),
    })
    if (unsaved.length > 0) refuse(unsaved, version)
  }
  requireUntouched(folder, plan.touched)
  await replaceFiles(platform.files, { root, write: plan.write, remove: plan.remove }, request)
  await rememberPlaced(folder, plan.write, { root, request, hidden, home })
  return {
    dataset: version.dataset,
    version: version.version,
    digest: version.digest,
    place: request.place,
    written: plan.write.length,
    removed: plan.remove.length,
    unchanged: request.only.length > 0 ? null : version.files - plan.write.length,
  }
}

interface Plan {
  readonly write: FileToPlace[]
  readonly remove: string[]
  /** Files that are there and will be others, or none. */
  readonly touched: string[]
}

async function planOf(working: Tree, target: Tree, only: readonly string[]): Promise<Plan> {
  const wanted = only.length === 0 ? () => true : matchPatterns(only)
  const plan: Plan = { write: [], remove: [], touched: [] }
  for await (const { path, before, after } of compareTrees(working, target)) {
    if (!wanted(path)) continue
    if (after === undefined) plan.remove.push(path)
    else plan.write.push({ path, digest: after.digest, executable: after.executable })
    if (before !== undefined) plan.touched.push(path)
  }
  return plan
}

async function* treesOf(
  { version, base }: CheckoutFolderRequest,
  { platform, store }: Dependencies,
): AsyncGenerator<StoredTree> {
  if (base?.tree) yield openTree(platform.blobs, base.tree)
  let before: number | undefined
  for (;;) {
    const page = await store.versions(version.dataset, { limit: 100, before })
    for (const { version: number } of page) {
      const tree = number === base?.version ? undefined : (await store.version(version.dataset, number))?.tree
      if (tree) yield openTree(platform.blobs, tree)
    }
    before = page.at(-1)?.version
    if (page.length < 100) return
  }
}

function refuse(unsaved: readonly string[], { dataset }: DatasetVersion): never {
  const named = unsaved.slice(0, mostNamed).join(', ')
  const more = unsaved.length > mostNamed ? ` and ${unsaved.length - mostNamed} more` : ''
  const [count, are] = unsaved.length === 1 ? ['One file is', 'is'] : [`${unsaved.length} files are`, 'are']
  return fail(
    'conflict',
    `${count} in no version as ${are === 'is' ? 'it is' : 'they are'} and would be lost: ${named}${more}.`,
    {
      hint: `Keep them with \`devmlops data add ${dataset}\`, or lose them with --force.`,
      at: unsaved[0] ?? '',
    },
  )
}

/** Somebody may have worked on since the folder was looked at. */
function requireUntouched(folder: WorkingFolder, touched: readonly string[]): void {
  if (touched.length === 0) return
  const changed = folder.changedSince(touched)
  if (changed === undefined) return
  fail('conflict', `${changed} changed meanwhile.`, { hint: 'Run the command again.', at: changed })
}

/** What was written is known: without this the next look at the folder would read every file. */
async function rememberPlaced(
  folder: WorkingFolder,
  written: readonly FileToPlace[],
  {
    root,
    request,
    hidden,
    home,
  }: { root: string; request: CheckoutFolderRequest; hidden: readonly string[]; home: string },
): Promise<void> {
  const { source, signal } = request
  const digests = new Map(written.map(({ path, digest }) => [path, digest]))
  const scanned = await scanFolder({ root, source, hidden, known: folder.directories, signal })
  for (const { directory, index } of scanned.unhashed) {
    const digest = digests.get(joinPath(directory.path, directory.names[index] as string))
    if (digest !== undefined) setDigest(directory, index, digest)
  }
  const isWhole = scanned.unhashed.every(({ directory, index }) => hasDigest(directory, index))
  if (isWhole) await summarise(scanned.directories)
  await saveStatCache(statCachePath(home, root, source), root, scanned.directories)
}
