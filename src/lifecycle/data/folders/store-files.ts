import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import type { FileStore, StoreProgress } from '#platform/files/index'
import type { UnhashedFile } from './scan-folder.ts'
import type { StoredTree } from './tree.ts'
import { joinPath } from './tree-path.ts'
import { fileEntry, flag, setDigest, statNumbers, type WorkingDirectories } from './working-directory.ts'
import type { WorkingFolder } from './working-folder.ts'

export interface StoreFilesOptions {
  readonly signal?: AbortSignal | undefined
  readonly report?: ((progress: StoreProgress) => void) | undefined
}

/** Stores the bytes of files and gives the files their digests. */
export async function storeFiles(
  files: Pick<FileStore, 'store'>,
  { root, wanted }: { readonly root: string; readonly wanted: readonly UnhashedFile[] },
  { signal, report }: StoreFilesOptions,
): Promise<void> {
  if (wanted.length === 0) return
  const places = wanted.map(({ directory, index }) => {
    const name = joinPath(directory.path, directory.names[index] as string)
    return { path: `${root}/${name}`, name }
  })
  const options = { ...(signal && { signal }), ...(report && { report }) }
  let place = 0
  for await (const { digest, sizeBytes } of files.store(places, options)) {
    const { directory, index } = wanted[place] as UnhashedFile
    if (directory.stats[index * statNumbers + 1] !== BigInt(sizeBytes)) {
      changedWhileRead(places[place]?.name ?? '')
    }
    setDigest(directory, index, digest)
    directory.flags[index] = (directory.flags[index] as number) | flag.stored
    place += 1
  }
}

function changedWhileRead(name: string): never {
  return fail('unreadable_data', `${name} changed while it was read.`, {
    hint: 'Wait until it is written completely, then add again.',
    at: name,
  })
}

/**
 * Files whose digests are known, from an earlier look at the folder, but whose bytes are not stored: they are not where the
 * version before has the same, and nobody else stored them. What is there already is made young, so that whoever collects
 * garbage meanwhile leaves it.
 */
export async function unstoredFiles(
  { directories }: Pick<WorkingFolder, 'directories'>,
  parent: StoredTree | undefined,
  files: Pick<FileStore, 'renew'>,
): Promise<UnhashedFile[]> {
  const unsure = await changedFiles(directories, parent)
  if (unsure.length === 0) return []
  const stored = await files.renew(unsure.map(({ digest }) => digest))
  return unsure.filter(({ digest }) => !stored.has(digest))
}

interface KnownFile extends UnhashedFile {
  readonly digest: Digest
}

async function changedFiles(
  directories: WorkingDirectories,
  parent: StoredTree | undefined,
): Promise<KnownFile[]> {
  const found: KnownFile[] = []
  const visit = async (path: string, before: Digest | undefined): Promise<void> => {
    const directory = directories.get(path)
    if (directory === undefined || directory.node?.digest === before) return
    const entries = before === undefined ? [] : ((await parent?.entries(path, before)) ?? [])
    const known = new Map(entries.map((entry) => [entry.name, entry]))
    for (let index = 0; index < directory.names.length; index += 1) {
      if (((directory.flags[index] as number) & (flag.stored | flag.gone)) !== 0) continue
      const { name, digest } = fileEntry(directory, index)
      if (known.get(name)?.digest !== digest) found.push({ directory, index, digest })
    }
    for (const name of directory.directories) {
      const entry = known.get(name)
      await visit(joinPath(path, name), entry?.kind === 'directory' ? entry.digest : undefined)
    }
  }
  await visit('', parent?.root)
  return found
}
