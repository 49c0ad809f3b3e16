import { createHash, randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fail } from '#contract/errors'
import { explainSystemError } from '../system-error.ts'
import { releasing } from '../chunk.ts'
import { fileChunks, writeSynced } from './blob-file.ts'
import type { BlobStore, ByteRange, Digest, StoredBlob } from './blob-store.ts'
import { isDigest } from './blob-store.ts'
import { createUploadArea } from './upload-area.ts'

/** What a killed process left half-written is swept away when it is this old: nobody writes one blob for a day. */
const abandonedMs = 24 * 3_600_000

export interface FileBlobOptions {
  /** Others may use the folder too, as far as the process's umask lets them. */
  readonly sharedFolders?: boolean
}

/** Blobs in a folder: `sha256/ab/cdef…`, read-only files. */
export function fileBlobStore(root: string, { sharedFolders = false }: FileBlobOptions = {}): BlobStore {
  const mode = sharedFolders ? 0o777 : 0o700
  const pathOf = (digest: Digest): string => {
    if (!isDigest(digest))
      fail('invalid_input', `"${String(digest)}" is not a digest of the form sha256:<64 hex digits>.`)
    const hex = digest.slice('sha256:'.length)
    return join(root, 'sha256', hex.slice(0, 2), hex.slice(2))
  }

  const head = async (digest: Digest): Promise<StoredBlob | undefined> => {
    const found = await stat(pathOf(digest)).catch(unlessAbsent)
    return found === undefined ? undefined : { digest, sizeBytes: found.size }
  }

  let prepared: Promise<void> | undefined
  const folders = new Set<string>()

  const folderOnce = async (path: string): Promise<void> => {
    if (folders.has(path)) return
    await makeFolder(path, mode)
    folders.add(path)
  }

  const place = async (): Promise<string> => {
    const temporary = join(root, 'tmp', randomUUID())
    await (prepared ??= prepare(dirname(temporary), mode))
    return temporary
  }

  /** Gives written bytes their name. */
  const name = async (path: string, { digest }: StoredBlob): Promise<void> => {
    const target = pathOf(digest)
    await folderOnce(dirname(target))
    // Also when the blob is there: the name moves to the same bytes in one step, and a damaged copy is healed.
    await rename(path, target)
    await syncDirectory(dirname(target))
  }

  const put = async (content: Uint8Array | AsyncIterable<Uint8Array>): Promise<StoredBlob> => {
    let temporary: string | undefined
    try {
      temporary = await place()
      const written = await writeSynced(temporary, content)
      await name(temporary, written)
      return written
    } catch (error) {
      // Someone may have removed a folder that was known to be there.
      folders.clear()
      prepared = undefined
      if (temporary !== undefined) await rm(temporary, { force: true })
      throw explainSystemError(error)
    }
  }

  const stream = async (digest: Digest, range?: ByteRange): Promise<AsyncIterable<Uint8Array>> => {
    if ((await head(digest)) === undefined) missing(digest)
    const chunks = fileChunks(pathOf(digest), range)
    // Hashed whenever all of it is read: that costs 0.7 s of each gigabyte, and finds what a disk lost silently, which
    // remembering that a file was verified once does not.
    return range === undefined ? verified(chunks, digest) : chunks
  }

  const aside = join(root, 'aside')

  /**
   * Out of the way first, then looked at again: whoever stored the same bytes in between, in this process or another, made
   * them young, and gets them back.
   */
  const removeOlder = async (digest: Digest, before: number): Promise<boolean> => {
    const path = pathOf(digest)
    const found = await stat(path).catch(unlessAbsent)
    if (found === undefined || found.mtimeMs >= before) return false
    await mkdir(aside, { recursive: true, mode: 0o700 })
    const away = join(aside, digest.slice('sha256:'.length))
    await rename(path, away)
    if ((await stat(away)).mtimeMs < before) {
      await rm(away, { force: true })
      return true
    }
    await rename(away, path)
    return false
  }

  /** A process that died in between has left bytes aside that may be named. */
  const restoreAside = async (): Promise<void> => {
    for (const hex of (await readdir(aside).catch(unlessAbsent)) ?? []) {
      const digest = `sha256:${hex}`
      if (isDigest(digest)) await rename(join(aside, hex), pathOf(digest))
    }
  }

  return {
    put,
    intake: {
      place: () => place().catch(explained),
      take: async (path, blob) => {
        await chmod(path, 0o444)
        const now = new Date()
        // A clone has the age of what it was cloned from.
        await utimes(path, now, now)
        await name(path, blob).catch(explained)
      },
      discard: (path) => rm(path, { force: true }),
    },
    uploads: createUploadArea(join(root, 'uploads'), put),
    putFile: (path) => put(releasing(fileChunks(path))),
    head,
    stream,
    get: async (digest) => {
      const bytes = (await readFile(pathOf(digest)).catch(unlessAbsent)) ?? missing(digest)
      if (digestOf(bytes) !== digest) corrupt(digest)
      return bytes
    },
    localPath: async (digest) => ((await head(digest)) === undefined ? missing(digest) : pathOf(digest)),
    remove: (digest) => rm(pathOf(digest), { force: true }),
    removeOlder,
    renew: async (digest) => {
      const now = new Date()
      await utimes(pathOf(digest), now, now).catch(unlessAbsent)
    },
    list: async function* () {
      await restoreAside()
      const top = join(root, 'sha256')
      for (const prefix of (await readdir(top).catch(unlessAbsent)) ?? []) {
        for (const rest of await readdir(join(top, prefix))) {
          const digest = `sha256:${prefix}${rest}`
          if (!isDigest(digest)) continue
          const found = await stat(pathOf(digest)).catch(unlessAbsent)
          if (found !== undefined) yield { digest, sizeBytes: found.size, changedAt: found.mtimeMs }
        }
      }
    },
  }
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export function missing(digest: Digest): never {
  return fail('not_found', `No stored bytes have the digest ${digest}.`, {
    hint: 'They were never stored here, or were removed: pull them from where they were made, or make them again.',
  })
}

export function corrupt(digest: Digest): never {
  return fail('storage_corrupt', `The stored bytes of ${digest} have changed.`, {
    hint: 'The disk or someone altered the file; restore it from a copy.',
  })
}

/**
 * Passes chunks on, the last one only when they were the promised bytes: a reader who knows the length would otherwise
 * have everything, and not wait for what comes after it.
 */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  digest: Digest,
): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256')
  let held: Uint8Array | undefined
  for await (const chunk of chunks) {
    hash.update(chunk)
    if (held !== undefined) yield held
    held = chunk
  }
  if (`sha256:${hash.digest('hex')}` !== digest) corrupt(digest)
  if (held !== undefined) yield held
}

/** Makes a folder that survives a power cut: its name stands in its parent, so that is synced too. */
async function makeFolder(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

/** The folder for what is being written, without what killed processes left in it. */
async function prepare(directory: string, mode: number): Promise<void> {
  await makeFolder(directory, mode)
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedMs) await rm(path, { force: true })
  }
}

function explained(error: unknown): never {
  throw explainSystemError(error)
}

/** Only what is not there is absent; a folder that may not be read is a failure. */
function unlessAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
