import type { Digest } from '#platform/blobs/index'
import type { FileChanges } from '../versions/dataset-version.ts'
import type { FileEntry, TreeEntry } from './tree-node.ts'
import type { Tree } from './tree.ts'
import { joinPath } from './tree-path.ts'

export interface FileChange {
  readonly path: string
  /** Undefined: added. */
  readonly before: FileEntry | undefined
  /** Undefined: deleted. */
  readonly after: FileEntry | undefined
}

/** What differs, in the order of the paths. Directories with the same digest are not looked into. */
export async function* compareTrees(
  before: Tree | undefined,
  after: Tree | undefined,
): AsyncGenerator<FileChange> {
  yield* compareDirectories(before, after, {
    path: '',
    before: before?.root,
    after: after?.root,
  })
}

interface Pair {
  readonly path: string
  readonly before: Digest | undefined
  readonly after: Digest | undefined
}

async function* compareDirectories(
  before: Tree | undefined,
  after: Tree | undefined,
  pair: Pair,
): AsyncGenerator<FileChange> {
  if (pair.before === pair.after) return
  const left = await entriesOf(before, pair.path, pair.before)
  const right = await entriesOf(after, pair.path, pair.after)
  let i = 0
  let j = 0
  while (i < left.length || j < right.length) {
    const a = left[i]
    const b = right[j]
    const takesLeft = a !== undefined && (b === undefined || a.name <= b.name)
    const takesRight = b !== undefined && (a === undefined || b.name <= a.name)
    if (takesLeft) i += 1
    if (takesRight) j += 1
    yield* compareEntries(before, after, {
      path: joinPath(pair.path, (takesLeft ? a : b)?.name ?? ''),
      a: takesLeft ? a : undefined,
      b: takesRight ? b : undefined,
    })
  }
}

async function* compareEntries(
  before: Tree | undefined,
  after: Tree | undefined,
  { path, a, b }: { path: string; a: TreeEntry | undefined; b: TreeEntry | undefined },
): AsyncGenerator<FileChange> {
  const [fileBefore, fileAfter] = [fileOf(a), fileOf(b)]
  if (!sameFile(fileBefore, fileAfter)) yield { path, before: fileBefore, after: fileAfter }
  const [directoryBefore, directoryAfter] = [directoryOf(a), directoryOf(b)]
  yield* compareDirectories(before, after, { path, before: directoryBefore, after: directoryAfter })
}

function sameFile(a: FileEntry | undefined, b: FileEntry | undefined): boolean {
  return a?.digest === b?.digest && a?.executable === b?.executable
}

function fileOf(entry: TreeEntry | undefined): FileEntry | undefined {
  return entry?.kind === 'file' ? entry : undefined
}

function directoryOf(entry: TreeEntry | undefined): Digest | undefined {
  return entry?.kind === 'directory' ? entry.digest : undefined
}

async function entriesOf(
  tree: Tree | undefined,
  path: string,
  digest: Digest | undefined,
): Promise<readonly TreeEntry[]> {
  return tree === undefined || digest === undefined ? [] : tree.entries(path, digest)
}

export async function countChanges(changes: AsyncIterable<FileChange>): Promise<FileChanges> {
  const counts = { added: 0, modified: 0, deleted: 0 }
  for await (const change of changes) counts[kindOf(change)] += 1
  return counts
}

export function kindOf({ before, after }: FileChange): keyof FileChanges {
  if (before === undefined) return 'added'
  return after === undefined ? 'deleted' : 'modified'
}
