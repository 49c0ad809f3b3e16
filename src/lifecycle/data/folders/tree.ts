import type { BlobStore, Digest } from '#platform/blobs/index'
import type { FileTree } from '../versions/dataset-version.ts'
import { joinPath, matchesPrefix } from './tree-path.ts'
import { parseNode, type FileEntry, type TreeEntry } from './tree-node.ts'
import { openPacks, type PackReader } from './tree-pack.ts'

/** A file of a version with its whole path, written with `/`. */
export interface TreeFile extends Omit<FileEntry, 'kind' | 'name'> {
  readonly path: string
}

/** Directories by their path and digest: of a version, or of a folder as it is now. */
export interface Tree {
  readonly root: Digest
  entries(path: string, digest: Digest): Promise<readonly TreeEntry[]>
}

export interface StoredTree extends Tree, AsyncDisposable {
  readonly packs: PackReader
}

export async function openTree(blobs: Pick<BlobStore, 'localPath'>, tree: FileTree): Promise<StoredTree> {
  const packs = await openPacks(blobs, tree.packs)
  return {
    root: tree.root,
    packs,
    entries: async (_path, digest) => parseNode(await packs.text(digest)),
    [Symbol.asyncDispose]: () => packs[Symbol.asyncDispose](),
  }
}

export interface FilesRequest {
  /** Only paths that begin so. */
  readonly prefix?: string
  /** Only what comes behind this path. */
  readonly after?: string
}

/** The files of a tree, directory by directory in the order of names. */
export async function* filesOf(
  tree: Tree,
  { prefix = '', after }: FilesRequest = {},
): AsyncGenerator<TreeFile> {
  yield* filesBelow(tree, { path: '', digest: tree.root, prefix, after: after?.split('/') ?? [] })
}

interface Below {
  readonly path: string
  readonly digest: Digest
  readonly prefix: string
  readonly after: readonly string[]
}

async function* filesBelow(tree: Tree, { path, digest, prefix, after }: Below): AsyncGenerator<TreeFile> {
  const [seen, ...deeper] = after
  for (const entry of await tree.entries(path, digest)) {
    const { name } = entry
    if (seen !== undefined && (name < seen || (name === seen && deeper.length === 0))) continue
    const whole = joinPath(path, name)
    if (!matchesPrefix(whole, prefix, entry.kind)) continue
    if (entry.kind === 'file') {
      const { kind: _kind, name: _name, ...file } = entry
      yield { path: whole, ...file }
    } else {
      const rest = name === seen ? deeper : []
      yield* filesBelow(tree, { path: whole, digest: entry.digest, prefix, after: rest })
    }
  }
}
