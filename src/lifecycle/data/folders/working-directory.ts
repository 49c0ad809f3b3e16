import type { Digest } from '#platform/blobs/index'
import { byName, nodeText, summaryOf, type FileEntry, type NodeSummary, type TreeEntry } from './tree-node.ts'
import { joinPath } from './tree-path.ts'
import type { Tree } from './tree.ts'

/** Numbers kept of each file, in this order: inode, size, time of change of the bytes, of the inode. */
export const statNumbers = 4
export const digestBytes = 32

/** Bits of a file's flags. */
export const flag = {
  executable: 1,
  /** The digest is that of the bytes which the numbers belong to. */
  hashed: 2,
  /** It was gone when it was to be read. */
  gone: 4,
  /** Its bytes were stored by this command; not kept in the cache. */
  stored: 8,
} as const

/**
 * A directory as it lies on the disk: what is in it in the order in which the system lists it, and per file its numbers
 * and its digest. Arrays of numbers, because there are 70,000 of them and more; they change in place.
 */
export interface WorkingDirectory {
  /** From the folder, with `/`; '' is the folder itself. */
  readonly path: string
  /** Inode and time of change of the directory: the same as before means the same names as before. */
  self: readonly [bigint, bigint]
  /** False: the listing is younger than the clock can tell apart, so it is made again. */
  settled: boolean
  directories: string[]
  names: string[]
  flags: Uint8Array
  stats: BigInt64Array
  digests: Uint8Array
  /** Undefined while something in it or below has changed. `files` is 0 where nothing is in it. */
  node: NodeSummary | undefined
}

export function hasDigest({ flags }: WorkingDirectory, index: number): boolean {
  return ((flags[index] as number) & flag.hashed) !== 0
}

export function setDigest(directory: WorkingDirectory, index: number, digest: Digest): void {
  directory.digests.set(Buffer.from(digest.slice('sha256:'.length), 'hex'), index * digestBytes)
  directory.flags[index] = (directory.flags[index] as number) | flag.hashed
  directory.node = undefined
}

export function markGone(directory: WorkingDirectory, index: number): void {
  directory.flags[index] = flag.gone
  directory.settled = false
  directory.node = undefined
}

export function fileEntry({ names, flags, stats, digests }: WorkingDirectory, index: number): FileEntry {
  const start = index * digestBytes
  const digest = Buffer.from(digests.buffer, digests.byteOffset + start, digestBytes).toString('hex')
  return {
    kind: 'file',
    name: names[index] as string,
    digest: `sha256:${digest}`,
    sizeBytes: Number(stats[index * statNumbers + 1]),
    executable: ((flags[index] as number) & flag.executable) !== 0,
  }
}

export type WorkingDirectories = ReadonlyMap<string, WorkingDirectory>

/** What a version made of the directory now would hold. Directories without files are in no version. */
export function workingEntries(directories: WorkingDirectories, directory: WorkingDirectory): TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let index = 0; index < directory.names.length; index += 1) {
    if (((directory.flags[index] as number) & flag.gone) === 0) entries.push(fileEntry(directory, index))
  }
  for (const name of directory.directories) {
    const node = directories.get(joinPath(directory.path, name))?.node
    if (node !== undefined && node.files > 0) entries.push({ kind: 'directory', name, ...node })
  }
  return entries.sort(byName)
}

/** Gives every directory its digest, the deepest first; `made` hears of those whose text was made anew. */
export async function summarise(
  directories: WorkingDirectories,
  made: (directory: WorkingDirectory, text: string) => Promise<void> | void = () => undefined,
): Promise<NodeSummary> {
  // A directory is listed before what is in it, so that backwards is the deepest first.
  for (const directory of [...directories.values()].reverse()) {
    if (directory.node !== undefined) continue
    const entries = workingEntries(directories, directory)
    const text = nodeText(entries)
    directory.node = summaryOf(entries, text)
    if (directory.node.files > 0) await made(directory, text)
  }
  return directories.get('')?.node ?? summaryOf([], '')
}

/** The folder as a tree; every directory has its digest. */
export function workingTree(directories: WorkingDirectories, root: Digest): Tree {
  return {
    root,
    entries: async (path) => {
      const directory = directories.get(path)
      return directory === undefined ? [] : workingEntries(directories, directory)
    },
  }
}
